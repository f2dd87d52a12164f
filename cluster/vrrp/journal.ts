/** What has happened to one instance: counted, told, and the last of it remembered. */

import { addressBytes, sameAddress } from '#kit/address-bytes.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { InstanceCounts, InstanceFigures, TransitionFigures } from '../figures.ts';
import type { Log } from '../log.ts';
import { DROP_REASONS, type DropReason } from './admit.ts';
import type { Advertisement } from './packet.ts';
import type { Effect, StateName } from './state.ts';

const MOST_TRANSITIONS = 32;
/** A stranger can send what is dropped as fast as he likes. */
const LEAST_BETWEEN_LINES_MS = 10_000;

export class Journal {
  /** With the name of the instance before every line. */
  readonly log: Log;
  readonly #nowMs: () => number;
  readonly #drops = new Map<DropReason, number>();
  readonly #transitions: TransitionFigures[] = [];
  readonly #toldMs = new Map<string, number>();
  readonly #counts = {
    ...{ sent: 0, sendFailures: 0, received: 0, becameActive: 0, becameBackup: 0 },
    ...{ mismatches: 0, pauses: 0, longestPauseMs: 0 },
  } satisfies { -readonly [K in keyof InstanceCounts]: number };
  #sinceMs: number;

  constructor(name: string, { log, nowMs }: { readonly log: Log; nowMs(): number }) {
    const told = (level: keyof Log) => (message: string) => log[level](`vrrp ${name}: ${message}`);
    this.log = { error: told('error'), warn: told('warn'), notice: told('notice') };
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  /** A line that may come again at once is told once a while. */
  #rarely(key: string, message: string): void {
    const nowMs = this.#nowMs();
    if (nowMs - (this.#toldMs.get(key) ?? Number.NEGATIVE_INFINITY) < LEAST_BETWEEN_LINES_MS) return;
    this.#toldMs.set(key, nowMs);
    this.log.warn(message);
  }

  sent(): void {
    this.#counts.sent++;
  }

  unsent({ message }: Error): void {
    this.#counts.sendFailures++;
    this.#rarely('send', message);
  }

  dropped(reason: DropReason, source: string): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
    this.#rarely(`drop ${reason}`, `an advertisement of ${source} is dropped: ${DROP_REASONS[reason]}`);
  }

  received(advertisement: Advertisement, model: VrrpInstanceModel, source: string): void {
    this.#counts.received++;
    const odd = mismatchOf(advertisement, model);
    if (!odd) return;
    this.#counts.mismatches++;
    this.#rarely('mismatch', `${source} advertises ${odd}`);
  }

  paused(silentMs: number, state: StateName): void {
    this.#counts.pauses++;
    this.#counts.longestPauseMs = Math.max(this.#counts.longestPauseMs, Math.round(silentMs));
    this.#rarely('pause', `this process was paused for ${Math.round(silentMs)} ms, being ${state}`);
  }

  changed({ from, to, reason }: Extract<Effect, { kind: 'changed' }>): void {
    this.#sinceMs = this.#nowMs();
    if (to === 'active') this.#counts.becameActive++;
    if (to === 'backup') this.#counts.becameBackup++;
    this.#transitions.unshift({ atMs: Date.now(), from, to, reason });
    this.#transitions.length = Math.min(this.#transitions.length, MOST_TRANSITIONS);
    this.log.notice(`${from} to ${to}: ${reason}`);
  }

  figures(): Pick<InstanceFigures, 'sinceMs' | 'counts' | 'drops' | 'transitions'> {
    return {
      sinceMs: Math.round(this.#nowMs() - this.#sinceMs),
      counts: { ...this.#counts },
      drops: Object.fromEntries(this.#drops),
      transitions: [...this.#transitions],
    };
  }
}

/** What differs drops nothing (RFC 9568 §7.1): it is told. */
function mismatchOf(
  { addresses, intervalMs }: Advertisement,
  { addresses: ours, advertMs }: VrrpInstanceModel,
): string | undefined {
  if (intervalMs !== advertMs) return `an interval of ${intervalMs} ms, and this router has ${advertMs} ms`;
  const named = ours.filter(({ advertised }) => advertised).map(one => addressBytes(one.address));
  const isSame =
    named.length === addresses.length &&
    named.every(own => addresses.some(address => sameAddress(address, own)));
  return isSame ? undefined : 'other addresses than this router has';
}
