/** Fetches a file over HTTPS, of bounded size, in bounded time. */
import { get } from 'node:https';

/** Why it is not there: completes "cannot fetch URL: ". */
export class DownloadFault extends Error {
  override readonly name = 'DownloadFault';
}

export interface DownloadLimits {
  readonly bytes: number;
  /** For all of it, redirects included. */
  readonly timeoutMs: number;
}

const MOST_REDIRECTS = 5;

/** @throws {DownloadFault} */
export async function download(url: URL, limits: DownloadLimits): Promise<Buffer> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let from = url;
  for (let step = 0; step <= MOST_REDIRECTS; step++) {
    if (from.protocol !== 'https:') throw new DownloadFault(`${from.protocol}// is not fetched, https:// is`);
    const answer = await ask(from, limits.bytes, signal);
    if (!(answer instanceof URL)) return answer;
    from = answer;
  }
  throw new DownloadFault(`more than ${MOST_REDIRECTS} redirects`);
}

/** @returns the body, or where it is said to be */
function ask(url: URL, mostBytes: number, signal: AbortSignal): Promise<Buffer | URL> {
  return new Promise((done, fail) => {
    const refuse = (fault: Error) =>
      fail(new DownloadFault(signal.aborted ? 'it takes too long' : fault.message, { cause: fault }));
    const request = get(url, { signal, agent: false, headers: { 'User-Agent': 'moat' } }, answer => {
      const { statusCode = 0, headers } = answer;
      if (statusCode >= 301 && statusCode <= 308 && headers.location) {
        answer.resume();
        done(new URL(headers.location, url));
        return;
      }
      if (statusCode !== 200) {
        request.destroy();
        fail(new DownloadFault(`the server answers ${statusCode}`));
        return;
      }
      const pieces: Buffer[] = [];
      let length = 0;
      answer.on('data', (piece: Buffer) => {
        length += piece.length;
        pieces.push(piece);
        if (length <= mostBytes) return;
        request.destroy();
        fail(new DownloadFault(`it is larger than ${mostBytes} bytes`));
      });
      answer.on('end', () => done(Buffer.concat(pieces)));
      answer.on('error', refuse);
    });
    request.on('error', refuse);
  });
}
