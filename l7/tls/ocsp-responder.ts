/** Asks OCSP responders (RFC 6960 appendix A.1). */
import { isIP, type LookupFunction } from 'node:net';
import { nodeHttp } from '#kit/node-http.ts';
import type { OcspResolver } from '#model/l7/tls.ts';
import type { Resolver } from '../resolve/resolver.ts';

const TIMEOUT_MS = 30_000;
/** An answer has a few hundred bytes, and the certificates of its signer. */
const MOST_BYTES = 65_536;

/** What asking needs of the world. */
export interface OcspMeans {
  readonly ask: AskResponder;
  readonly resolverOf: (resolver: OcspResolver | undefined) => Resolver | undefined;
  /** ms since 1970. */
  readonly nowMs: () => number;
}

export type AskResponder = (url: string, question: Buffer, resolver: Resolver | undefined) => Promise<Buffer>;

/**
 * @param question DER
 * @param resolver that knows the host of the URL; undefined: the system does
 * @returns DER
 * @throws {Error} when there is no answer
 */
export const askResponder: AskResponder = (url, question, resolver) =>
  new Promise((done, fail) => {
    const asking = nodeHttp().request(withQuestion(url, question), {
      agent: false,
      headers: { Accept: 'application/ocsp-response' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(resolver && { lookup: lookupBy(resolver) }),
    });
    asking.once('error', fail).once('response', response => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const wrong = refusal(response.statusCode, response.headers['content-type']);
      if (wrong) return void response.destroy(new Error(wrong)).once('error', fail);
      response.once('error', fail).once('end', () => done(Buffer.concat(pieces)));
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > MOST_BYTES) response.destroy(new Error('the answer is too long'));
      });
    });
    asking.end();
  });

/** By GET, as nginx asks: such answers can be cached on the way. */
function withQuestion(url: string, question: Buffer): string {
  const slash = url.endsWith('/') ? '' : '/';
  return url + slash + encodeURIComponent(question.toString('base64'));
}

function refusal(status: number | undefined, type: string | undefined): string | undefined {
  if (status !== 200) return `the responder answered ${status}`;
  if (/^application\/ocsp-response\s*(;|$)/i.test(type ?? '')) return undefined;
  return `the responder sent invalid Content-Type "${type ?? ''}"`;
}

/** Node's way to ask for addresses. */
const lookupBy =
  (resolver: Resolver): LookupFunction =>
  (host, options, done) => {
    resolver.addresses(host).then(
      found => {
        const all = found.kind === 'found' ? found.values : [];
        const list = all.map(address => ({ address, family: isIP(address) }));
        const [first] = list;
        if (!first) done(new Error(`${host} could not be resolved`), '');
        else if (options.all) done(null, list);
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, ''),
    );
  };
