/** The right to the addresses (machine.ts) with what it needs of the world: the clock, the witness, and who is told. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { Log } from '../log.ts';
import { newWitness, Refusal, type Witness } from '../witness/witness.ts';
import type { Incidents } from './incidents.ts';
import {
  barredBy,
  initialLink,
  isGranted,
  isHeard,
  isUnheard,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  mustRelease,
  nextTickMs,
  type Role,
  type Rules,
  rightEndsMs,
  stepLink,
} from './machine.ts';

/** Clocks differ by less than one part of so many. */
const DRIFT = 16;
const AGAIN_MS = 250;
/** Beyond what is taken off from it, and asked for again before a third of it is gone. */
const BRIEF_MS = 1000;

type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never;
type Meeting = Extract<LinkEffect, { readonly kind: 'together' | 'apart' }>;

export interface RightOptions {
  readonly log: Log;
  readonly incidents: Incidents;
  nowMs(): number;
  /** The two hear each other, or do so no more. */
  turned(effect: Meeting): void;
  /** The one of until now in this process: who is known stays known. */
  readonly before: Right | undefined;
  /** Addresses are held already, which are given up if nobody grants the right to them within the timeout. */
  readonly isActive: boolean;
  readonly fence: FenceWord;
  /** Something was heard, said or granted: what is due next may be another thing. */
  stepped(): void;
  /** The witness has granted it. */
  granted(): void;
}

/** How addresses are kept from outliving the right to them. */
export interface FenceWord {
  /** For so long they do when this process hangs. */
  readonly outlivesMs: number;
  /** Of the other node, until it has told. */
  readonly peerOutlivesMs: number;
  /** They may be held until then, by the clock. */
  allow(untilMs: number): void;
}

export class Right {
  readonly witness: Witness | undefined;
  readonly counts = { asked: 0, granted: 0, refused: 0 };
  readonly #options: RightOptions;
  readonly #rules: Rules;
  #state: LinkState;
  #isClosed = false;

  constructor({ node, timeoutMs, witness }: HeartbeatModel, options: RightOptions) {
    const { nowMs, before, isActive, fence } = options;
    this.#options = options;
    this.#state = before
      ? { ...before.#state, grantedUntilMs: undefined, asking: false, refusal: undefined }
      : initialLink(nowMs(), fence.peerOutlivesMs);
    if (isActive) this.#state = { ...this.#state, provenMs: nowMs() };
    this.witness = witness && newWitness(witness, node, nowMs);
    const hasWitness = witness !== undefined;
    this.#rules = { timeoutMs, hasWitness, againMs: AGAIN_MS, driftMs: timeoutMs / DRIFT };
    this.#allow();
  }

  #allow(): void {
    const endsMs = rightEndsMs(this.#state, this.#rules);
    if (endsMs !== undefined) this.#options.fence.allow(endsMs);
  }

  /** @see nextTickMs of machine.ts */
  nextTickMs(role: Role): number | undefined {
    return nextTickMs(this.#state, role, this.#rules, this.#options.nowMs());
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The other node is. */
  get isHeard(): boolean {
    return isHeard(this.#state, this.#rules, this.#options.nowMs());
  }

  /** The other node does not hear this one, which it would have told by now. */
  get isUnheard(): boolean {
    return isUnheard(this.#state, this.#rules, this.#options.nowMs());
  }

  /** @see mustRelease of machine.ts */
  get mustRelease(): string | undefined {
    return mustRelease(this.#state, this.#rules, this.#options.nowMs());
  }

  /** @see barredBy of machine.ts */
  barredBy(says: Parameters<typeof barredBy>[3]): string | undefined {
    return barredBy(this.#state, this.#rules, this.#options.nowMs(), says);
  }

  step(event: WithoutTime<LinkEvent>): void {
    const nowMs = this.#options.nowMs();
    const [state, effects] = stepLink(this.#state, { ...event, nowMs } as LinkEvent, this.#rules);
    this.#state = state;
    this.#allow();
    for (const effect of effects) this.#do(effect);
    this.#options.stepped();
  }

  #do(effect: LinkEffect): void {
    switch (effect.kind) {
      case 'ask':
        return void this.#ask();
      case 'give-back':
        this.#options.incidents.note(`it gives the right back to ${this.witness?.name}`);
        return void this.witness?.giveBack();
      default:
        return this.#options.turned(effect);
    }
  }

  async #ask(): Promise<void> {
    const witness = this.witness!;
    const wasGranted = isGranted(this.#state, this.#options.nowMs());
    this.counts.asked++;
    try {
      const slackMs = this.#rules.driftMs + this.#options.fence.outlivesMs;
      const untilMs = (await witness.ask(this.#mostMs(slackMs))) - slackMs;
      if (this.#isClosed) return void witness.giveBack();
      this.counts.granted++;
      this.step({ kind: 'granted', untilMs });
      if (!wasGranted) this.#tellGrant(witness);
      this.#options.granted();
    } catch (fault) {
      this.#hearRefusal(fault as Error);
    }
  }

  #tellGrant({ name }: Witness): void {
    this.#options.incidents.note(`${name} grants it the right`);
    this.#options.log.notice(`heartbeat: ${name} grants the right to the addresses to this node`);
  }

  /** As long as the two have heard each other just now, a moment may be all that is wrong: who dies in it has left a short one. */
  #mostMs(slackMs: number): number | undefined {
    return this.#state.link === 'together' ? BRIEF_MS + 2 * slackMs : undefined;
  }

  #hearRefusal(fault: Error): void {
    const { message: reason } = fault;
    this.counts.refused++;
    if (this.#state.refusal !== reason) {
      this.#options.incidents.note(reason);
      this.#options.log.warn(`heartbeat: ${reason}`);
    }
    this.step({ kind: 'refused', reason, leftMs: fault instanceof Refusal ? fault.leftMs : undefined });
  }

  figures() {
    const nowMs = this.#options.nowMs();
    const { grantedUntilMs, asking, refusal } = this.#state;
    return (
      this.witness && {
        name: this.witness.name,
        grantedForMs: isGranted(this.#state, nowMs) ? Math.round(grantedUntilMs! - nowMs) : undefined,
        ...{ asking, refusal },
      }
    );
  }

  /** @param leaves everything is given up: others may have it at once */
  close(leaves: boolean): void {
    this.#isClosed = true;
    if (leaves && this.#state.grantedUntilMs !== undefined) void this.witness?.giveBack();
  }
}
