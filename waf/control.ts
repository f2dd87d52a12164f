/** What `ctl` has changed for one transaction. */
import { holds } from './rule-bits.ts';
import type { Target } from './seclang/targets.ts';
import { covers } from './selection.ts';
import type { AuditMode, EngineMode, Settings } from './settings.ts';
import type { Entry } from './variable/variable.ts';

interface Removal {
  /** Rules by index, a bit each. */
  readonly rules: Uint32Array;
  readonly targets: readonly Target[];
}

/** Many rules of exclusions may match one request; beyond this the transaction is served without more of them. */
const REMOVAL_LIMIT = 1000;

export class Control {
  engine: EngineMode;
  audit: AuditMode;
  auditParts: string;
  requestBodyAccess: boolean;
  responseBodyAccess: boolean;
  requestBodyLimitBytes: number;
  responseBodyLimitBytes: number;
  forceRequestBody = false;
  #removed: Uint32Array | undefined;
  readonly #removals: Removal[] = [];

  constructor(settings: Settings, engine: EngineMode) {
    this.engine = engine;
    this.audit = settings.audit;
    this.auditParts = settings.auditParts;
    this.requestBodyAccess = settings.requestBodyAccess;
    this.responseBodyAccess = settings.responseBodyAccess;
    this.requestBodyLimitBytes = settings.requestBodyLimitBytes;
    this.responseBodyLimitBytes = settings.responseBodyLimitBytes;
  }

  removeRules(rules: Uint32Array): void {
    if (!this.#removed) this.#removed = rules.slice();
    else for (let at = 0; at < rules.length; at++) this.#removed[at]! |= rules[at]!;
  }

  removeTargets(rules: Uint32Array, targets: readonly Target[]): void {
    if (this.#removals.length < REMOVAL_LIMIT) this.#removals.push({ rules, targets });
  }

  /** @param index of the rule, or of its chain's head */
  isRemoved(index: number): boolean {
    return this.#removed !== undefined && holds(this.#removed, index);
  }

  /** Whether the rule shall not look at this entry. */
  isSpared(index: number, label: string, one: Entry): boolean {
    for (const { rules, targets } of this.#removals)
      if (holds(rules, index) && targets.some(target => covers(target, label, one))) return true;
    return false;
  }

  /** `+E`, `-E`, or all parts anew. */
  changeAuditParts(change: string): void {
    const letters = change.replace(/^[+-]/, '');
    if (change.startsWith('+'))
      this.auditParts += [...letters].filter(letter => !this.auditParts.includes(letter)).join('');
    else if (change.startsWith('-'))
      this.auditParts = [...this.auditParts].filter(letter => !letters.includes(letter)).join('');
    else this.auditParts = letters;
  }
}
