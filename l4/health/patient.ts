/** One real server under watch: its checks, its drain, and what they make of it. */
import type { L4CheckModel } from '#model/l4/health.ts';
import type { RealServerModel, VirtualAddressModel, VirtualServerModel } from '#model/l4/virtual-server.ts';
import type { RealCondition } from '../condition.ts';
import { type DrainState, READY, stepDrain } from '../drain.ts';
import { UNCHECKED } from './course.ts';
import type { ProbeTarget } from './probe.ts';
import { Round, type RoundMeans } from './round.ts';
import type { Outcome } from './table.ts';

export interface PatientMeans extends RoundMeans {
  readonly nowMs: () => number;
}

/** Tells that an answer came to a check. */
export type Heard = (patient: Patient, round: Round, outcome: Outcome) => void;

/** setTimeout takes no more. */
const MOST_TIMER_MS = 2 ** 31 - 1;

export class Patient {
  readonly name: string;
  /** What its checks and its drain say; made anew when they say something else. */
  condition: RealCondition = { alive: true, weight: undefined, drain: 'no' };
  /** Questions that were not answered as they should be, since it is watched. */
  failedChecks = 0;
  #rounds: readonly Round[] = [];
  #forced: RealServerModel['health'];
  /** Nobody asks it then: what was known of it last is not made better by that. */
  #isDisabled = false;
  #drain: DrainState = READY;
  /** Whether it lives as the other director has it; undefined: that one has told nothing. */
  #peer: boolean | undefined;
  /** Of each check, failures in a row since the other director said so. */
  #failures = new Map<Round, number>();
  #timer: NodeJS.Timeout | undefined;
  readonly #means: PatientMeans;

  constructor(name: string, means: PatientMeans) {
    this.name = name;
    this.#means = means;
  }

  /**
   * Watches it by this configuration from now on. A check that is as it was goes on; one that asks the same in another way
   * keeps its verdict.
   *
   * @param firstInMs when the first question of a new check is asked
   * @param drained is called when the deadline of a drain has come
   */
  follow(
    server: VirtualServerModel,
    real: RealServerModel,
    firstInMs: number,
    heard: Heard,
    drained: () => void,
  ): void {
    const old = this.#rounds;
    this.#forced = real.health;
    this.#isDisabled = real.state === 'down';
    this.#rounds = checksFor(server, real).flatMap(check =>
      targetsOf(check, server, real).map(target => this.#round(check, target, heard)),
    );
    for (const round of old) if (!this.#rounds.includes(round)) this.#drop(round);
    for (const round of this.#rounds) if (!old.includes(round)) round.start(firstInMs);
    this.#followDrain(server, real, drained);
  }

  #drop(round: Round): void {
    round.close();
    this.#failures.delete(round);
  }

  /** What the other director says of it counts until its own checks are answered. @returns whether it is anything new */
  hearPeer(alive: boolean | undefined): boolean {
    if (alive === this.#peer) return false;
    this.#peer = alive;
    this.#failures.clear();
    this.#assess();
    return true;
  }

  /** Checks that have had no answer yet. */
  get unanswered(): number {
    return this.#rounds.filter(({ course }) => course.verdict === 'unchecked').length;
  }

  #round(check: L4CheckModel, target: ProbeTarget, heard: Heard): Round {
    const same = this.#rounds.find(
      round => stampOf(round.check) === stampOf(check) && isSame(round.target, target),
    );
    if (same) return same;
    const asksAlike = this.#rounds.find(
      round => isSame(round.check.question, check.question) && isSame(round.target.path, target.path),
    );
    const round: Round = new Round(check, target, asksAlike?.course ?? UNCHECKED, this.#means, outcome => {
      if (!outcome.passed) this.failedChecks++;
      this.#failures.set(round, outcome.passed ? 0 : (this.#failures.get(round) ?? 0) + 1);
      this.#assess();
      heard(this, round, outcome);
    });
    round.last = asksAlike?.last;
    return round;
  }

  #followDrain({ drain }: VirtualServerModel, { state }: RealServerModel, drained: () => void): void {
    const nowMs = this.#means.nowMs();
    const wanted = state === 'drain' ? ({ kind: 'drain', ...drain } as const) : ({ kind: 'resume' } as const);
    this.#drain = stepDrain(this.#drain, wanted, nowMs);
    this.#assess();
    this.#awaitDeadline(drained);
  }

  #awaitDeadline(drained: () => void): void {
    clearTimeout(this.#timer);
    const { phase, untilMs } = this.#drain;
    if (phase !== 'draining' || untilMs === Infinity) return;
    const leftMs = Math.max(0, untilMs - this.#means.nowMs());
    this.#timer = setTimeout(
      () => {
        this.#drain = stepDrain(this.#drain, { kind: 'time' }, this.#means.nowMs());
        this.#assess();
        if (this.#drain.phase === 'over') drained();
        else this.#awaitDeadline(drained);
      },
      Math.min(leftMs, MOST_TIMER_MS),
    ).unref();
  }

  #assess(): void {
    const alive = this.#lives();
    const wanted = this.#rounds.flatMap(({ last }) => (last?.weight === undefined ? [] : [last.weight]));
    const weight = wanted.length === 0 ? undefined : Math.min(...wanted);
    const drain = this.#drain.phase;
    const isContested = !alive && this.#isContested;
    const before = this.condition;
    const isSame = before.alive === alive && before.weight === weight && before.drain === drain;
    if (isSame && (before.isContested ?? false) === isContested) return;
    this.condition = { alive, weight, drain, ...(isContested ? { isContested } : {}) };
  }

  #lives(): boolean {
    if (this.#forced) return this.#forced === 'up';
    if (this.#isDisabled) return this.condition.alive;
    return this.#rounds.every(({ course, check }) => {
      if (course.verdict !== 'unchecked') return course.verdict === 'alive';
      return this.#peer ?? !check.mandatory;
    });
  }

  /** The first answer of all decides by itself, and after a restart of a real server one director sees it before the other. */
  get #isContested(): boolean {
    if (this.#peer !== true || this.#forced || this.#isDisabled) return false;
    return this.#rounds.every(round => (this.#failures.get(round) ?? 0) < round.check.fall);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const round of this.#rounds) round.close();
  }
}

const checksFor = (
  { checks }: VirtualServerModel,
  { name, state }: RealServerModel,
): readonly L4CheckModel[] =>
  state === 'down' ? [] : checks.filter(({ only }) => only.length === 0 || only.includes(name));

/** By the path of the virtual server it is asked at each of its addresses, else once. */
function targetsOf(check: L4CheckModel, server: VirtualServerModel, real: RealServerModel): ProbeTarget[] {
  if (!check.throughVirtual) return [targetOf(check, server, real, server.addresses[0]!)];
  const once = new Map(server.addresses.map(address => [address.first, address]));
  return [...once.values()].map(address => ({
    ...targetOf(check, server, real, address),
    path: { virtual: address.first, mode: real.mode, tunnel: server.tunnel },
  }));
}

/** A real server without a port is asked at that of the virtual server. */
function targetOf(
  check: L4CheckModel,
  server: VirtualServerModel,
  real: RealServerModel,
  { firstPort }: VirtualAddressModel,
): ProbeTarget {
  return {
    address: check.address ?? real.address,
    port: check.port ?? (real.port || firstPort),
    from: check.from,
    virtualServer: server.name,
    realServer: real.name,
    weight: real.weight,
  };
}

/** Two checks of the same stamp are the same, wherever they stand. */
const stampOf = (check: L4CheckModel): string => JSON.stringify({ ...check, site: undefined });

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
