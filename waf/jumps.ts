/** Where `skip` and `skipAfter` go on. */
import { PHASES, type Phase, type Rule, type RuleDraft } from './rule.ts';
import type { Program } from './seclang/program.ts';

interface Mark {
  /** Among all rules and markers. */
  readonly at: number;
  /** How many rules of each phase stand before it. */
  readonly lengths: Readonly<Record<Phase, number>>;
}

export class Jumps {
  readonly #program: Program;
  readonly #marks = new Map<string, Mark[]>();
  readonly #waiting: { readonly rule: Rule; readonly draft: RuleDraft; readonly at: number }[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  mark(name: string, at: number, phases: Readonly<Record<Phase, readonly Rule[]>>): void {
    const lengths = Object.fromEntries(PHASES.map(phase => [phase, phases[phase].length])) as Record<
      Phase,
      number
    >;
    this.#marks.set(name, [...(this.#marks.get(name) ?? []), { at, lengths }]);
  }

  /** @param next place of the rule after it in its phase */
  add(rule: Rule, draft: RuleDraft, at: number, next: number): void {
    if (draft.skip > 0) rule.skipTo = next + draft.skip;
    if (draft.skipAfter !== undefined) this.#waiting.push({ rule, draft, at });
  }

  /** Markers come after the rules that name them, so this is for the end. */
  resolve(): void {
    for (const { rule, draft, at } of this.#waiting) {
      const mark = this.#marks.get(draft.skipAfter!)?.find(one => one.at > at);
      if (mark) rule.skipTo = mark.lengths[draft.phase];
      else
        this.#program.report(draft, 'error', {
          code: 'marker',
          message: `no marker ${JSON.stringify(draft.skipAfter)} comes after the rule`,
          hint: 'add SecMarker, or correct the name',
        });
    }
  }
}
