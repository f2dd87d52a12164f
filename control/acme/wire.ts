/** HTTPS to an authority: what it says is bounded in size and time, and leads nowhere but to https. */

import type { IncomingMessage } from 'node:http';
import type { Agent } from 'node:https';
import { nodeHttps } from '#kit/node-http.ts';
import { VERSION } from '#kit/version.ts';
import { AcmeFault } from './fault.ts';

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 512 * 1024;
const MOST_URL = 2048;
const MOST_RETRY_AFTER_MS = 7 * 86_400_000;
const MOST_LINKS = 32;

export interface WireOptions {
  /** PEM; undefined: those that the runtime trusts. */
  readonly trusted: string | undefined;
  readonly verify: boolean;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** A field of the head by its name in lower case; the first one. */
  readonly field: (name: string) => string | undefined;
  readonly retryAfterMs: number | undefined;
  /** URLs of Link fields with rel="alternate" (RFC 8555 §7.4.2). */
  readonly alternates: readonly string[];
}

/** @throws {AcmeFault} for anything but a URL of https without a password */
export function secureUrl(text: unknown): string {
  if (typeof text === 'string' && text.length <= MOST_URL && URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:' && url.username === '' && url.password === '') return url.href;
  }
  throw new AcmeFault('the authority names something that is no URL of https');
}

/** Connections to one authority, which are kept while there is something to say. */
export class Wire implements Disposable {
  readonly #agent: Agent;

  constructor({ trusted, verify }: WireOptions) {
    const { Agent } = nodeHttps();
    this.#agent = new Agent({
      ...{ keepAlive: true, maxSockets: 2, rejectUnauthorized: verify },
      ...(trusted !== undefined && { ca: trusted }),
    });
  }

  /** @param body JSON of a JWS, for POST @throws {AcmeFault} when there is no answer, or too much of it */
  async ask(method: 'GET' | 'HEAD' | 'POST', url: string, body?: string, accept?: string): Promise<Reply> {
    try {
      return await this.#ask(method, secureUrl(url), body, accept);
    } catch (fault) {
      if (fault instanceof AcmeFault) throw fault;
      const { message, cause } = fault as Error;
      throw new AcmeFault(`${new URL(url).host} does not answer: ${message}`, { cause: cause ?? fault });
    }
  }

  #ask(method: string, url: string, body: string | undefined, accept = 'application/json'): Promise<Reply> {
    return new Promise((done, fail) => {
      const asking = nodeHttps().request(url, {
        ...{ method, agent: this.#agent, signal: AbortSignal.timeout(TIMEOUT_MS) },
        headers: {
          ...{ 'User-Agent': `moat/${VERSION}`, Accept: accept, 'Accept-Language': 'en' },
          ...(body !== undefined && {
            'Content-Type': 'application/jose+json',
            'Content-Length': Buffer.byteLength(body),
          }),
        },
      });
      asking.once('error', fail).once('response', response => {
        response.once('error', fail);
        void collect(response).then(text => done(replyOf(response, text)), fail);
      });
      asking.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function collect(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new AcmeFault(`the authority answers with more than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('latin1');
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, text: string): Reply {
  const field = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const { link = '' } = headers as { link?: string };
  const links = link.split(',').slice(0, MOST_LINKS);
  return {
    ...{ status: statusCode, text, field, retryAfterMs: retryAfterMs(field('retry-after')) },
    alternates: links.flatMap(one => /^\s*<([^<>]+)>\s*;.*\brel="?alternate"?/.exec(one)?.[1] ?? []),
  };
}

/** Seconds, or a date (RFC 9110 §10.2.3); a week at most. */
export function retryAfterMs(value: string | undefined, nowMs = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MOST_RETRY_AFTER_MS);
}
