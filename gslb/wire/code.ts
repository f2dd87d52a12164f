/** Numbers of DNS: RFC 1035 §3.2, §4.1.1; RFC 6891. */

export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  HINFO: 13,
  AAAA: 28,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;
export const CLASS_IN = 1;
export const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'BADVERS'] as const;
export type Rcode = (typeof RCODES)[number];

/** BADVERS has more bits than a header has room for. */
export const NUMBER_OF: Readonly<Record<Rcode, number>> = {
  ...{ NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 },
};

export const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
} as const;
export const HEAD_BYTES = 12;
/** Without EDNS a datagram has no more (RFC 1035 §4.2.1). */
export const PLAIN_BYTES = 512;
