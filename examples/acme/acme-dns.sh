#!/bin/sh
# A dns_hook for name servers that take dynamic updates (RFC 2136); nsupdate is of Debian's bind9-dnsutils.
# It ends when the server has the record. Records of one name stand beside each other: example.com and *.example.com are both
# proved by _acme-challenge.example.com.
set -eu
case "$MOAT_ACME_ACTION" in
  present) change="add $MOAT_ACME_NAME. 60 TXT \"$MOAT_ACME_VALUE\"" ;;
  cleanup) change="delete $MOAT_ACME_NAME. TXT \"$MOAT_ACME_VALUE\"" ;;
esac
printf 'server ns1.example.com\nupdate %s\nsend\n' "$change" | nsupdate -k /etc/moat/acme-dns.key
