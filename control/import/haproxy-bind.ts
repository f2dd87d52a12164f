/** `bind` of HAProxy: addresses to listen on, and what is said of TLS there. */
import type { Line } from './haproxy-tree.ts';
import type { Remarks, Words } from './outcome.ts';

export interface Listen {
  readonly words: Words;
  readonly isTls: boolean;
}

const PROTOCOLS = ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** @param set takes lines of the server */
export function listensOf(
  { words: [, where = '', ...options], line }: Line,
  set: (...lines: Words[]) => void,
  remarks: Remarks,
): Listen[] {
  const has = (word: string) => options.includes(word);
  const after = (word: string) => (has(word) ? options[options.indexOf(word) + 1] : undefined);
  const isTls = has('ssl');
  const certificate = after('crt');
  if (isTls && (certificate === undefined || certificate.endsWith('/')))
    remarks.dropped(
      line,
      'certificates of a folder or list: write ssl_certificate lines, one pair for each name',
    );
  else if (isTls) set(['ssl_certificate', certificate!], ['ssl_certificate_key', certificate!]);
  if ((after('alpn') ?? (isTls ? 'h2' : '')).split(',').includes('h2')) set(['http2', 'on']);
  const oldest = after('ssl-min-ver');
  if (oldest !== undefined) set(['ssl_protocols', ...PROTOCOLS.slice(PROTOCOLS.indexOf(oldest))]);
  if (has('verify') && after('ca-file') !== undefined)
    set(
      ['ssl_client_certificate', after('ca-file')!],
      ['ssl_verify_client', after('verify') === 'optional' ? 'optional' : 'on'],
    );
  const rest = [...(isTls ? ['ssl'] : []), ...(has('accept-proxy') ? ['proxy_protocol'] : [])];
  return where.split(',').map(address => ({ words: ['listen', listenOf(address), ...rest], isTls }));
}

const listenOf = (address: string): string =>
  address
    .replace(/^\*:/, '')
    .replace(/^:(?=\d)/, '')
    .replace(/^ipv[46]@/, '')
    .replace(/^unix@|^(?=\/)/, 'unix:');
