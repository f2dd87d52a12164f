/** Tokens of the challenge: signed texts that say what their bearer may do, good for one client and some time. */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { toNetwork } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';

/** `task`: to be worked or waited on, from when it was made. `pass`: lets in until then. */
export type TokenKind = 'task' | 'pass';

const KIND_LETTER = { task: 't', pass: 'p' } as const;
const MAC_CHARS = 32;
/** A page that was left open for longer gets another task. */
export const TASK_LIFETIME_MS = 600_000;

const IP4_BITS = 24;
const IP6_BITS = 48;
const MOST_ANSWER = 16;

export interface Bearer {
  readonly address: string;
  readonly agent: string;
  /** The name of the server: a cookie of one site is none of another. */
  readonly site: string;
}

export class Signer {
  readonly #key: Buffer;
  readonly #reader = new IpReader();

  /** @param secret one char a byte */
  constructor(secret: string) {
    this.#key = createHmac('sha256', Buffer.from(secret, 'latin1')).update('challenge').digest();
  }

  /** @param momentMs when a task was made, until when a pass is good */
  sign(kind: TokenKind, momentMs: number, bearer: Bearer): string {
    const text = `${KIND_LETTER[kind]}.${momentMs.toString(36)}.${randomBytes(9).toString('base64url')}`;
    return `${text}.${this.#mac(text, bearer)}`;
  }

  /** @returns its moment; undefined when it is of another kind or bearer, or of nobody */
  read(kind: TokenKind, token: string, bearer: Bearer): number | undefined {
    const [, text = '', letter, moment = '', mac = ''] =
      /^(([tp])\.([0-9a-z]{1,12})\.[\w-]{12})\.([\w-]{32})$/.exec(token) ?? [];
    if (letter !== KIND_LETTER[kind]) return undefined;
    const ours = Buffer.from(this.#mac(text, bearer), 'latin1');
    return timingSafeEqual(ours, Buffer.from(mac, 'latin1')) ? Number.parseInt(moment, 36) : undefined;
  }

  #mac(text: string, { address, agent, site }: Bearer): string {
    return createHmac('sha256', this.#key)
      .update([text, this.#network(address), site, agent].join('\n'), 'latin1')
      .digest('base64url')
      .slice(0, MAC_CHARS);
  }

  #network(address: string): string {
    const reader = this.#reader;
    if (!reader.read(address)) return 'unix';
    toNetwork(reader, reader.family === 4 ? IP4_BITS : IP6_BITS);
    return reader.format();
  }
}

/** Whether SHA-256 of `token:answer` begins with so many zero bits. */
export function isSolved(token: string, answer: string, bits: number): boolean {
  if (!/^\d+$/.test(answer) || answer.length > MOST_ANSWER) return false;
  return hash('sha256', `${token}:${answer}`, 'buffer').readUInt32BE(0) >>> (32 - bits) === 0;
}
