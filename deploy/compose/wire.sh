#!/bin/sh
# Pulls the wire of a service's container out of the network where it has ADDRESS, or puts it back: at the machine's end, as at a switch.
# usage: wire.sh SERVICE ADDRESS up|down     as root, with ip and nsenter
set -eu
container=$(${COMPOSE:-docker-compose} -f "$(dirname "$0")/../../docker-compose.yml" ps -q "$1")
pid=$(docker inspect -f '{{.State.Pid}}' "$container")
# "7: eth0@if12": the number of the other end.
name=$(nsenter -t "$pid" -n ip -o address show | awk -v ip="$2" 'index($4, ip "/") == 1 { print $2; exit }')
[ -n "$name" ] || { echo "wire.sh: $1 has no $2" >&2; exit 1; }
number=$(nsenter -t "$pid" -n ip -o link show "$name" | sed -n 's/^[0-9]*: [^@]*@if\([0-9]*\):.*/\1/p')
wire=$(ip -o link show | awk -F': ' -v n="$number" '$1 == n { sub(/@.*/, "", $2); print $2 }')
exec ip link set "$wire" "$3"
