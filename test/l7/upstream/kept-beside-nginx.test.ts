/** After which answers a connection to a server serves again, request by request beside Debian's nginx. */
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Received, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Ask, besideNginx, type Pair } from '../beside-nginx.ts';

/** Path → what the server says; `#` becomes `n` on a new connection and `r` on one that is used again. */
const ANSWERS: Readonly<Record<string, string>> = {
  plain: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n#',
  none: 'HTTP/1.1 200 OK\r\nX-On: #\r\nContent-Length: 0\r\n\r\n',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n#\r\n0\r\n\r\n',
  trailer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n#\r\n0\r\nX-T: 1\r\n\r\n',
  close: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n#',
  list: 'HTTP/1.1 200 OK\r\nConnection: x-a, close\r\nContent-Length: 1\r\n\r\n#',
  old: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n#',
  nothing: 'HTTP/1.1 204 No\r\nX-On: #\r\n\r\n',
  same: 'HTTP/1.1 304 Same\r\nX-On: #\r\n\r\n',
  missing: 'HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\n#',
  broken: 'HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\n#',
  more: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n#x',
  'more-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n#\r\n0\r\n\r\nx',
  unbounded: 'HTTP/1.1 200 OK\r\n\r\n#',
  accel: 'HTTP/1.1 200 OK\r\nX-Accel-Redirect: /kept/plain\r\nContent-Length: 1\r\n\r\n#',
};

let upstream: Upstream;
let pair: Pair;
const used = new WeakSet<Socket>();

function answer({ target, method }: Received, socket: Socket): string {
  const kind = target.slice(1);
  const bytes = ANSWERS[kind]!.replace('#', used.has(socket) ? 'r' : 'n');
  used.add(socket);
  if (kind === 'unbounded') setImmediate(() => socket.end());
  return method === 'HEAD' ? bytes.slice(0, bytes.indexOf('\r\n\r\n') + 4) : bytes;
}

before(async () => {
  upstream = await startUpstream(answer);
  pair = await besideNginx({
    upstream: upstream.port,
    http: `proxy_http_version 1.1; proxy_set_header Connection "";
      upstream kept { server {upstream}; keepalive 1; }
      upstream few { server {upstream}; keepalive 1; keepalive_requests 3; }
      server { listen {port};
        location /kept/ { proxy_pass http://kept/; }
        location /few/ { proxy_pass http://few/; }
        location /direct/ { proxy_pass http://kept/; proxy_buffering off; }
        location /caught/ { proxy_pass http://kept/; proxy_intercept_errors on; error_page 404 500 = /kept/plain; }
        location /hidden/ { proxy_pass http://kept/; proxy_set_header Connection close; }
        location /ten/ { proxy_pass http://kept/; proxy_http_version 1.0; }
        location /ten-kept/ { proxy_pass http://kept/; proxy_http_version 1.0; proxy_set_header Connection keep-alive; } }`,
  });
});
after(async () => {
  await pair[Symbol.asyncDispose]();
  await upstream.stop();
});

for (const way of ['kept', 'direct', 'caught', 'hidden', 'ten', 'ten-kept', 'few'])
  test(`connections beside nginx: ${way}`, async () => {
    const asks = Object.keys(ANSWERS).flatMap((kind): Ask[] => [
      [`GET /${way}/${kind}`],
      ['GET /kept/plain'],
      [`GET /${way}/${kind}`],
      [`POST /${way}/${kind}`, '>abc'],
      ['GET /kept/plain'],
      [`HEAD /${way}/${kind}`],
      ['GET /kept/plain'],
      [`GET /${way}/plain`],
    ]);
    await pair.compare(asks);
  });
