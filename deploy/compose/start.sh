#!/bin/sh
# Starts a director or a proxy. usage: start.sh CONFIGURATION [ADDRESS-OF-THE-DIRECTORS]
# An engine gives interfaces their names in no order that one could rely on: this tells which of them is on the network "front".
set -eu
front=$(node -p 'Object.entries(os.networkInterfaces()).find(([, all]) => all.some(({ address }) => address.startsWith("172.31.80.")))?.[0] ?? ""')
[ -n "$front" ] || { echo "start.sh: no interface has an address in 172.31.80.0/24" >&2; exit 1; }
echo "interface $front;" > /run/interface.conf
echo "attach $front tc;" > /run/attach.conf
[ $# -lt 2 ] || moat real-server join "$2"
exec moat run -p /var/lib/moat -c "$1"
