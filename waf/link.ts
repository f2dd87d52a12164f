/** A program → rules for requests: exclusions applied, defaults filled in, operators compiled, jumps resolved. */
import { ChainBook } from './chain.ts';
import type { VariableMap } from './collection/variables.ts';
import { type Place, RuleFault } from './diagnostic.ts';
import { foldRules } from './fold.ts';
import { Jumps } from './jumps.ts';
import { type Matcher, OperatorFault } from './operator/operator.ts';
import { compileOperator, type OperatorRoom } from './operator-room.ts';
import { buildPrefilter, type Prefilter } from './regex/prefilter.ts';
import { type Disruptive, type LinkContext, type Phase, Rule, type RuleDraft } from './rule.ts';
import { isMarker, type Marker, type Program } from './seclang/program.ts';
import { SelectionBook } from './selection.ts';
import { links } from './tx-use.ts';

/** The rules of a set, ready for requests. Nothing in it changes afterwards. */
export interface LinkedRules {
  /** By phase: heads of chains, in order. */
  readonly phases: Readonly<Record<Phase, readonly Rule[]>>;
  /** What TX holds when a transaction begins. */
  readonly tx: VariableMap;
  /** As they were written, before some were decided at once. */
  readonly ruleCount: number;
  /** For phases 1 and 2. */
  readonly request: Filter;
  /** For the phases after them: long lists of words for responses do not make the other table large. */
  readonly response: Filter;
}

/** Says which patterns may match a value. */
export interface Filter {
  readonly prefilter: Prefilter;
  /** Transformations that the set has. */
  readonly steps: number;
}

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
  readonly #chosen: Uint32Array[] = [];
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
    const { phases, tx } = foldRules(this.#sequence(items), this.#chosen);
    const request = filterFor([...phases[1], ...phases[2]], this.#chains.size);
    const response = filterFor([...phases[3], ...phases[4], ...phases[5]], this.#chains.size);
    return { phases, tx, ruleCount: heads.length, request, response };
  }

  /** Rules by phase, with their jumps resolved. */
  #sequence(items: readonly (RuleDraft | Marker)[]): Record<Phase, Rule[]> {
    const phases: Record<Phase, Rule[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
    const index = new Map(this.#heads.map((head, at) => [head, at]));
    const jumps = new Jumps(this.#program);
    for (const [at, item] of items.entries()) {
      if (isMarker(item)) {
        jumps.mark(item.marker, at, phases);
        continue;
      }
      const place = index.get(item);
      const rule = place === undefined ? undefined : this.#guard(item, () => this.#rule(item, place, item));
      if (!rule) continue;
      phases[item.phase].push(rule);
      jumps.add(rule, item, at, phases[item.phase].length);
    }
    jumps.resolve();
    return phases;
  }

  choose(test: (rule: RuleDraft) => boolean): Uint32Array {
    const bits = new Uint32Array((this.#heads.length + 31) >>> 5);
    this.#heads.forEach((rule, index) => {
      if (test(rule)) bits[index >>> 5]! |= 1 << (index & 31);
    });
    this.#chosen.push(bits);
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
    const matcher =
      draft.operator && this.#guard(draft, () => compileOperator(draft.operator!, draft, this.#room));
    if (draft.operator && !matcher) return undefined;
    const next = draft.next && this.#guard(draft.next, () => this.#rule(draft.next!, index, head));
    if (draft.next && !next) return undefined;
    const logs = draft.log ?? defaults?.log ?? true;
    return new Rule(draft, {
      index,
      head,
      selection,
      shares: selection?.frozen ?? false,
      chain,
      matcher,
      effects: draft.effects.map(make => make(this)),
      ...this.#disruption(draft, defaults),
      next,
      logs,
      auditLogs: draft.auditLog ?? (draft.log === undefined ? (defaults?.auditLog ?? true) : draft.log),
    });
  }

  #disruption(draft: RuleDraft, defaults: RuleDraft | undefined): { disruptive: Disruptive; status: number } {
    const own = draft.disruptive;
    const disruptive = own && own.kind !== 'block' ? own : (defaults?.disruptive ?? PASS);
    const status = draft.status ?? defaults?.status ?? DEFAULT_STATUS[disruptive.kind] ?? 403;
    return { disruptive, status };
  }
}

/** Gives each operator that can say which words its matches hold a bit, and makes the filter that sets them. */
function filterFor(heads: readonly Rule[], steps: number): Filter {
  const slots: { readonly literals: readonly string[]; readonly minLength: number }[] = [];
  for (const link of heads.flatMap(head => [...links(head)])) {
    const literals = link.shares && link.matcher && !link.negated ? literalsOf(link.matcher) : undefined;
    if (literals) link.slot = slots.push({ literals, minLength: 0 }) - 1;
  }
  return { prefilter: buildPrefilter(slots), steps };
}

function literalsOf({ pattern, words }: Matcher): readonly string[] | undefined {
  const literals = words?.map(word => word.toLowerCase()) ?? pattern?.literals;
  return literals?.some(literal => literal === '') ? undefined : literals?.map(fragmentOf);
}

const FRAGMENT = 6;

/** A part of a long word: it is in every value that holds the word, and keeps the table small. The rarer its signs the better. */
function fragmentOf(word: string): string {
  let best = word.slice(0, FRAGMENT);
  let most = -1;
  for (let at = 0; at + FRAGMENT <= word.length; at++) {
    const fragment = word.slice(at, at + FRAGMENT);
    const rare = fragment.replace(/[a-z ]/g, '').length;
    if (rare > most) [best, most] = [fragment, rare];
  }
  return best;
}
