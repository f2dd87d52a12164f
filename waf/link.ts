/** A program → rules for requests: exclusions applied, defaults filled in, operators compiled, jumps resolved. */
import { ChainBook } from './chain.ts';
import { type Place, RuleFault } from './diagnostic.ts';
import { type Matcher, OperatorFault } from './operator/operator.ts';
import { compileOperator, type OperatorRoom } from './operator-room.ts';
import { buildPrefilter, type Prefilter } from './regex/prefilter.ts';
import { type Disruptive, type LinkContext, PHASES, type Phase, type Rule, type RuleDraft } from './rule.ts';
import { isMarker, type Program } from './seclang/program.ts';
import { SelectionBook } from './selection.ts';

/** The rules of a set, ready for requests. Nothing in it changes afterwards. */
export interface LinkedRules {
  /** By phase: heads of chains, in order. */
  readonly phases: Readonly<Record<Phase, readonly Rule[]>>;
  readonly prefilter: Prefilter;
  /** A set of rules, a bit each. */
  readonly choose: (test: (rule: RuleDraft) => boolean) => Uint32Array;
  /** 32-bit words of a set of patterns. */
  readonly candidateWords: number;
}

type WithSlots = { literals: readonly string[] | undefined; minLength: number };

const PASS: Disruptive = { kind: 'pass' };
const DEFAULT_STATUS: Readonly<Record<string, number>> = { redirect: 302 };

/** Faults go to the program's diagnostics; with one of level `error` the result must not be used. */
export function linkRules(program: Program, room: OperatorRoom): LinkedRules {
  return new Linker(program, room).link();
}

class Linker implements LinkContext {
  readonly #program: Program;
  readonly #room: OperatorRoom;
  readonly #chains = new ChainBook();
  readonly #selections = new SelectionBook();
  readonly #slots: WithSlots[] = [];
  #heads: readonly RuleDraft[] = [];

  constructor(program: Program, room: OperatorRoom) {
    this.#program = program;
    this.#room = room;
  }

  link(): LinkedRules {
    const { items, exclusions } = this.#program;
    let heads: readonly RuleDraft[] = items.filter((item): item is RuleDraft => !isMarker(item));
    for (const exclude of exclusions) heads = exclude(heads);
    this.#heads = heads;
    const kept = new Set(this.#heads);
    const phases: Record<Phase, Rule[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
    const jumps: { readonly rule: Rule; readonly draft: RuleDraft; readonly at: number }[] = [];
    /** By marker: where it stands among the items, and in each phase's list. */
    const markers = new Map<string, { at: number; lengths: Record<Phase, number> }[]>();
    items.forEach((item, at) => {
      if (isMarker(item)) {
        const lengths = Object.fromEntries(PHASES.map(phase => [phase, phases[phase].length])) as Record<
          Phase,
          number
        >;
        markers.set(item.marker, [...(markers.get(item.marker) ?? []), { at, lengths }]);
      } else if (kept.has(item)) {
        const rule = this.#guard(item, () => this.#rule(item, this.#heads.indexOf(item), item));
        if (!rule) return;
        phases[item.phase].push(rule);
        if (item.skipAfter !== undefined) jumps.push({ rule, draft: item, at });
      }
    });
    for (const { rule, draft, at } of jumps) {
      const marker = markers.get(draft.skipAfter!)?.find(one => one.at > at);
      if (marker) rule.skipTo = marker.lengths[draft.phase];
      else
        this.#program.report(draft, 'error', {
          code: 'marker',
          message: `no marker ${JSON.stringify(draft.skipAfter)} comes after the rule`,
          hint: 'add SecMarker, or correct the name',
        });
    }
    const prefilter = buildPrefilter(this.#slots);
    return {
      phases,
      prefilter,
      choose: test => this.choose(test),
      candidateWords: (this.#slots.length + 31) >>> 5,
    };
  }

  choose(test: (rule: RuleDraft) => boolean): Uint32Array {
    const bits = new Uint32Array((this.#heads.length + 31) >>> 5);
    this.#heads.forEach((rule, index) => {
      if (test(rule)) bits[index >>> 5]! |= 1 << (index & 31);
    });
    return bits;
  }

  #guard<T>(place: Place, make: () => T): T | undefined {
    try {
      return make();
    } catch (fault) {
      if (fault instanceof RuleFault) this.#program.report(place, 'error', fault);
      else if (fault instanceof OperatorFault)
        this.#program.report(place, 'error', { code: 'operator', message: fault.message, hint: fault.hint });
      else throw fault;
      return undefined;
    }
  }

  #rule(draft: RuleDraft, index: number, head: RuleDraft): Rule | undefined {
    const defaults = this.#program.defaults.get(head.phase);
    const transforms =
      defaults && !draft.transformsReset ? [...defaults.transforms, ...draft.transforms] : draft.transforms;
    const chain = this.#chains.chainOf(transforms);
    const selection = draft.operator && this.#selections.selectionOf(draft.targets);
    const shares = selection?.frozen === true && !draft.multiMatch;
    const matcher =
      draft.operator && this.#guard(draft, () => compileOperator(draft.operator!, draft, this.#room));
    if (draft.operator && !matcher) return undefined;
    const next = draft.next && this.#guard(draft.next, () => this.#rule(draft.next!, index, head));
    if (draft.next && !next) return undefined;
    const logs = draft.log ?? defaults?.log ?? true;
    return {
      ...draft,
      index,
      phase: head.phase,
      id: head.id,
      selection,
      shares,
      chain,
      matcher,
      operatorName: draft.operator?.name ?? '',
      operatorArgument: draft.operator?.argument ?? '',
      negated: draft.operator?.negated ?? false,
      slot: shares && matcher && !draft.operator!.negated ? this.#slot(matcher) : -1,
      effects: draft.effects.map(make => make(this)),
      ...this.#disruption(draft, defaults),
      skipTo: -1,
      next,
      logs,
      auditLogs: draft.auditLog ?? (draft.log === undefined ? (defaults?.auditLog ?? true) : draft.log),
    };
  }

  #disruption(draft: RuleDraft, defaults: RuleDraft | undefined): { disruptive: Disruptive; status: number } {
    const own = draft.disruptive;
    const disruptive = own && own.kind !== 'block' ? own : (defaults?.disruptive ?? PASS);
    const status = draft.status ?? defaults?.status ?? DEFAULT_STATUS[disruptive.kind] ?? 403;
    return { disruptive, status };
  }

  /** A bit of the prefilter, where an operator can say which words each of its matches holds. */
  #slot({ pattern, words }: Matcher): number {
    const literals = words?.map(word => word.toLowerCase()) ?? pattern?.literals;
    if (!literals || literals.some(literal => literal === '')) return -1;
    this.#slots.push({ literals, minLength: 0 });
    return this.#slots.length - 1;
  }
}
