/** All alerts: what is raised, what was, and what nobody wants to hear of for a while. */
import { randomBytes } from 'node:crypto';
import type { AlertRule, Severity } from '#model/api.ts';
import { busy, notThere } from '../refusal.ts';
import { QUIET, step, type Watch } from './watch.ts';

const MOST_RAISED = 256;
const MOST_PAST = 256;
const MOST_SILENCES = 64;

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly metric: string;
  readonly severity: Severity;
  readonly side: AlertRule['side'];
  readonly bound: number;
  readonly value: number;
  /** ms since 1970. */
  readonly raisedMs: number;
  /** Undefined: it is not over. */
  readonly resolvedMs: number | undefined;
  /** Whether nobody was told. */
  readonly silenced: boolean;
}

export interface Silence {
  readonly id: string;
  /** Undefined: of all rules. */
  readonly rule: string | undefined;
  readonly metric: string | undefined;
  readonly untilMs: number;
  readonly who: string;
  readonly comment: string;
}

/** What outlives the process. */
export interface Kept {
  readonly raised: readonly Alert[];
  readonly past: readonly Alert[];
  readonly silences: readonly Silence[];
}

interface Row {
  readonly rule: AlertRule;
  readonly metric: string;
  watch: Watch;
  alert: Alert | undefined;
}

export class Alerts {
  readonly #rules: readonly AlertRule[];
  readonly #tell: (alert: Alert) => void;
  readonly #keep: (kept: Kept) => void;
  readonly #rows = new Map<string, Row>();
  #past: readonly Alert[] = [];
  #silences: readonly Silence[] = [];

  /**
   * @param tell takes each alert once when it is raised, and once when it is over; none that is silenced
   * @param keep takes what is to outlive the process, whenever that is another
   * @param kept what a process before had kept: what was told is not told again
   */
  constructor(
    rules: readonly AlertRule[],
    tell: (alert: Alert) => void,
    keep: (kept: Kept) => void = () => {},
    kept: Kept = { raised: [], past: [], silences: [] },
  ) {
    this.#rules = rules;
    this.#tell = tell;
    this.#keep = keep;
    this.#past = kept.past;
    this.#silences = kept.silences;
    for (const alert of kept.raised) this.#takeUp(alert);
  }

  get rules(): readonly AlertRule[] {
    return this.#rules;
  }

  /** The newest first. */
  get raised(): Alert[] {
    const all = [...this.#rows.values()].flatMap(({ alert }) => alert ?? []);
    return all.sort((a, b) => b.raisedMs - a.raisedMs);
  }

  get past(): readonly Alert[] {
    return this.#past;
  }

  silences(nowMs: number): readonly Silence[] {
    return this.#silences.filter(({ untilMs }) => untilMs > nowMs);
  }

  /** Looks at what is so now. */
  judge(values: ReadonlyMap<string, number>, nowMs: number): void {
    this.#meet(values);
    for (const [key, row] of this.#rows) {
      const value = values.get(row.metric);
      row.watch = step(row.watch, row.rule, value, nowMs);
      if (row.watch.kind === 'raised') this.#raise(row, row.watch.value, nowMs);
      else if (row.alert) this.#resolve(row, row.alert, value, nowMs);
      if (row.watch.kind === 'quiet' && value === undefined) this.#rows.delete(key);
    }
  }

  /** One of a rule that is no more is over without a word. */
  #takeUp(alert: Alert): void {
    const { rule: name, metric, value, raisedMs } = alert;
    const rule = this.#rules.find(one => one.name === name);
    if (!rule) return;
    const watch: Watch = { kind: 'raised', sinceMs: raisedMs, seenMs: Date.now(), value };
    this.#rows.set(`${name} ${metric}`, { rule, metric, watch, alert });
  }

  #save(): void {
    this.#keep({ raised: this.raised, past: this.#past, silences: this.#silences });
  }

  /** @throws {Refusal} 503 when there are too many */
  silence(wish: Omit<Silence, 'id'>, nowMs: number): Silence {
    const alive = this.silences(nowMs);
    if (alive.length >= MOST_SILENCES) throw busy(`there are ${MOST_SILENCES} silences: end one`);
    const made = { ...wish, id: randomBytes(6).toString('hex') };
    this.#silences = [...alive, made];
    this.#save();
    return made;
  }

  /** What is raised still is not told then: it was not when it was new. @throws {Refusal} 404 */
  endSilence(id: string, nowMs: number): Silence {
    const found = this.silenceOf(id, nowMs);
    this.#silences = this.#silences.filter(one => one !== found);
    this.#save();
    return found;
  }

  /** @throws {Refusal} 404 */
  silenceOf(id: string, nowMs: number): Silence {
    const found = this.silences(nowMs).find(one => one.id === id);
    if (!found) throw notThere('there is no such silence');
    return found;
  }

  /** Metrics that rules are about, and that nobody has looked at yet. */
  #meet(values: ReadonlyMap<string, number>): void {
    for (const rule of this.#rules)
      for (const metric of values.keys()) {
        if (metric !== rule.metric && baseOf(metric) !== rule.metric) continue;
        const key = `${rule.name} ${metric}`;
        if (!this.#rows.has(key) && this.#rows.size < MOST_RAISED)
          this.#rows.set(key, { rule, metric, watch: QUIET, alert: undefined });
      }
  }

  #raise(row: Row, value: number, nowMs: number): void {
    if (row.alert) {
      row.alert = { ...row.alert, value };
      return;
    }
    const { name, severity, side, bound } = row.rule;
    const silenced = this.#isSilenced(name, row.metric, nowMs);
    row.alert = {
      ...{ id: randomBytes(8).toString('hex'), rule: name, metric: row.metric, severity, side, bound, value },
      ...{ raisedMs: nowMs, resolvedMs: undefined, silenced },
    };
    this.#save();
    if (!silenced) this.#tell(row.alert);
  }

  #resolve(row: Row, alert: Alert, value: number | undefined, nowMs: number): void {
    row.alert = undefined;
    const over = { ...alert, value: value ?? alert.value, resolvedMs: nowMs };
    this.#past = [over, ...this.#past].slice(0, MOST_PAST);
    this.#save();
    if (!alert.silenced) this.#tell(over); // who heard of it hears that it is over
  }

  #isSilenced(rule: string, metric: string, nowMs: number): boolean {
    return this.silences(nowMs).some(one => (one.rule ?? rule) === rule && (one.metric ?? metric) === metric);
  }
}

const baseOf = (metric: string): string => metric.split('{', 1)[0]!;
