/** A program → rules for requests: exclusions applied, defaults filled in, operators compiled, jumps resolved. */
import { ChainBook } from './chain.ts';
import { type Place, RuleFault } from './diagnostic.ts';
import { Jumps } from './jumps.ts';
import { OperatorFault } from './operator/operator.ts';
import { compileOperator, type OperatorRoom } from './operator-room.ts';
import { type Disruptive, type LinkContext, type Phase, Rule, type RuleDraft } from './rule.ts';
import { bitsOf } from './rule-bits.ts';
import { isMarker, type Marker, type Program } from './seclang/program.ts';
import { SelectionBook, SourceNumbers } from './selection.ts';
import type { Transform } from './transform/transform.ts';
import { urlDecodeUni, urlDecodeUniWith } from './transform/url-decode.ts';

/** The rules of a set, of which variants are made. Nothing in it changes afterwards. */
export interface LinkedRules {
  /** By phase: heads of chains, in order. */
  readonly phases: Readonly<Record<Phase, readonly Rule[]>>;
  readonly ruleCount: number;
  /** Sets of rules that `ctl` may take out, a bit each by index. */
  readonly chosen: readonly Uint32Array[];
  readonly numbers: SourceNumbers;
  /** A set of rules, a bit each. */
  readonly choose: (test: (rule: RuleDraft) => boolean) => Uint32Array;
}

const PASS: Disruptive = { kind: 'pass' };
const DEFAULT_STATUS: Readonly<Record<string, number>> = { redirect: 302 };

/** Faults go to the program's diagnostics; with one of level `error` the result must not be used. */
export function linkRules(program: Program, room: OperatorRoom): LinkedRules {
  return new Linker(program, room).link();
}

/** A link of a chain may name the status, too; the last one that does is right. */
function lastStatus(head: RuleDraft): number | undefined {
  let status: number | undefined;
  for (let link: RuleDraft | undefined = head; link; link = link.next) status = link.status ?? status;
  return status;
}

class Linker implements LinkContext {
  readonly #program: Program;
  readonly #room: OperatorRoom;
  readonly #chains = new ChainBook();
  readonly #selections = new SelectionBook();
  readonly #chosen: Uint32Array[] = [];
  /** As the code page of SecUnicodeMapFile has it, for all rules alike. */
  readonly #urlDecodeUni: Transform;
  #heads: readonly RuleDraft[] = [];

  constructor(program: Program, room: OperatorRoom) {
    this.#program = program;
    this.#room = room;
    const { codePage } = program.settings;
    this.#urlDecodeUni = codePage ? urlDecodeUniWith(codePage) : urlDecodeUni;
  }

  link(): LinkedRules {
    const { items, exclusions } = this.#program;
    let heads: readonly RuleDraft[] = items.filter((item): item is RuleDraft => !isMarker(item));
    for (const exclude of exclusions) heads = exclude(heads);
    this.#heads = heads;
    const phases = this.#sequence(items);
    const chosen = this.#chosen;
    return {
      phases,
      ruleCount: heads.length,
      chosen,
      numbers: new SourceNumbers(),
      choose: test => bitsOf(heads, test),
    };
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
    const bits = bitsOf(this.#heads, test);
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
    const chain = this.#chains.chainOf(
      transforms.map(one => (one === urlDecodeUni ? this.#urlDecodeUni : one)),
    );
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
    const status = lastStatus(draft) ?? defaults?.status ?? DEFAULT_STATUS[disruptive.kind] ?? 403;
    return { disruptive, status };
  }
}
