/** Fields of an HTTP/1 connection: no message of HTTP/2 has them (RFC 9113 §8.2.2). */
export const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);
