/** Who the other one is, and that what it says is said now: tokens, stamps and echoes (packet.ts). */
import { randomBytes } from 'node:crypto';
import { NOBODY, type Packet, type Unsealed } from './packet.ts';

export const REFUSALS = {
  truncated: 'it is too short, or too long',
  'not-ours': 'it is no heartbeat',
  forged: 'its seal is not that of our key',
  version: 'it is of another version',
  malformed: 'it cannot be understood',
  stranger: 'it comes from an address that no path has',
  mirrored: 'it is our own',
  replayed: 'it was there already, or is of an earlier life',
  'old-session':
    'it is addressed to an earlier life of this node, or comes from a new one of a node that still lives',
} as const satisfies Record<Unsealed | 'stranger' | 'mirrored' | 'replayed' | 'old-session', string>;
export type Refusal = keyof typeof REFUSALS;

/** Lives of the other node that are over. */
const MOST_RETIRED = 64;

export class Session {
  readonly token = randomBytes(8).toString('hex');
  #peer = NOBODY;
  readonly #retired = new Set<string>();
  /** Of each path the last stamp. */
  readonly #stamps = new Map<number, number>();
  #heardUs = 0;
  #stampUs = 0;
  /** The one that is known has answered. */
  #wasFresh = false;

  /** @param nowUs of the monotonic clock @returns the head of what is sent now */
  next(nowUs: number): Pick<Packet, 'from' | 'to' | 'stampUs' | 'echoUs'> {
    this.#stampUs = Math.max(this.#stampUs + 1, Math.floor(nowUs));
    return { from: this.token, to: this.#peer, stampUs: this.#stampUs, echoUs: this.#heardUs };
  }

  /**
   * @param path by which it came
   * @param isPeerSilent the one that was known is not heard any more
   * @returns `greeting`: it does not know this life of ours yet, so it may be a record and proves nothing
   */
  take(packet: Packet, path: number, isPeerSilent: boolean): 'fresh' | 'greeting' | Refusal {
    const { from, to, stampUs, echoUs } = packet;
    if (from === this.token) return 'mirrored';
    if (this.#retired.has(from) || from === NOBODY) return 'replayed';
    const isAnswer = to === this.token;
    if (from !== this.#peer) {
      if (!isAnswer && !isPeerSilent) return 'old-session';
      this.#meet(from);
    }
    const isEchoOurs = !isAnswer || echoUs <= this.#stampUs;
    if (stampUs <= (this.#stamps.get(path) ?? 0) || !isEchoOurs) return 'replayed';
    this.#stamps.set(path, stampUs);
    this.#heardUs = Math.max(this.#heardUs, stampUs);
    this.#wasFresh ||= isAnswer;
    return isAnswer ? 'fresh' : 'greeting';
  }

  /** Only one that has answered was surely alive, and is surely over. */
  #meet(peer: string): void {
    if (this.#wasFresh) this.#retire(this.#peer);
    this.#wasFresh = false;
    this.#peer = peer;
    this.#stamps.clear();
    this.#heardUs = 0;
  }

  #retire(token: string): void {
    this.#retired.add(token);
    if (this.#retired.size > MOST_RETIRED) this.#retired.delete(this.#retired.values().next().value!);
  }
}
