# moat in an image: `docker build -t moat .`. Node, the addon and the programs for the kernel, and what they load; no compiler, no npm.

FROM node:26-bookworm-slim AS build
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends gcc libc6-dev libcrypt-dev clang libbpf-dev >/dev/null \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/moat
COPY package.json package-lock.json ./
# Node is that of the image; what only checks and tests moat stays out.
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund --loglevel=error
COPY . .
RUN scripts/build-native && scripts/build-bpf \
 && rm -rf native/src l4/bpf cluster/bpf l4/build/least-* l4/build/clients-* l4/build/empty.o scripts test bench .ci
# What is compiled once here is not compiled at each start.
RUN NODE_COMPILE_CACHE=/opt/moat/.cache/compile bin/moat check deploy/compose/web.conf >/dev/null

FROM debian:bookworm-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates libatomic1 libbpf1 libcrypt1 >/dev/null \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/moat /opt/moat
RUN ln -s /opt/moat/bin/moat /usr/local/bin/moat && mkdir -p /etc/moat /var/lib/moat /run/moat
WORKDIR /etc/moat
# QUIT lets requests finish; TERM, docker's own word, would end them.
STOPSIGNAL SIGQUIT
ENTRYPOINT ["moat"]
CMD ["run", "-p", "/var/lib/moat", "-c", "/etc/moat/moat.conf"]
