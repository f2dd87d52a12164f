/** What reading rules gives: drafts in order, settings, exclusions; and what directives write into. */
import type { ActionContext } from '../action/action.ts';
import { type Place, RuleFault, type WafDiagnostic } from '../diagnostic.ts';
import { MacroBook } from '../macro.ts';
import type { CompiledPattern } from '../operator/operator.ts';
import type { Phase, RuleDraft } from '../rule.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import { parseTargets, type Target } from './targets.ts';

export interface Marker {
  readonly marker: string;
}

/** Taken back from rules wherever they stand: applied once all have been read. */
export type Exclusion = (rules: readonly RuleDraft[]) => readonly RuleDraft[];

export interface ProgramOptions {
  /** @throws {RuleFault} when the pattern is malformed */
  compilePattern(source: string): CompiledPattern;
}

/** Grows while rules are read. */
export class Program {
  readonly settings: Settings = defaultSettings();
  readonly items: (RuleDraft | Marker)[] = [];
  readonly exclusions: Exclusion[] = [];
  readonly diagnostics: WafDiagnostic[] = [];
  readonly macros: MacroBook;
  /** By phase; rules that follow take from it what they do not say themselves. */
  readonly defaults = new Map<Phase, RuleDraft>();
  readonly compilePattern: ProgramOptions['compilePattern'];
  /** The link that waits for the next rule of its chain. */
  pending: { readonly head: RuleDraft; last: RuleDraft } | undefined;
  readonly #ids = new Map<number, Place>();

  constructor({ compilePattern }: ProgramOptions) {
    this.compilePattern = compilePattern;
    this.macros = new MacroBook(compilePattern);
  }

  /** The context in which a draft's actions and targets are read. */
  contextOf(draft: RuleDraft): ActionContext {
    const template = (text: string) => {
      draft.texts.push(text);
      return this.macros.template(text);
    };
    return { macros: { template }, targets: text => this.targets(text, draft) };
  }

  targets(text: string, { namespaces }: Pick<RuleDraft, 'namespaces'>): Target[] {
    return parseTargets(text, { compilePattern: this.compilePattern, namespaces });
  }

  /** Adds a rule, or the next link to a chain. @throws {RuleFault} */
  add(draft: RuleDraft): void {
    const { pending } = this;
    if (pending) {
      checkLink(draft);
      draft.phase = pending.head.phase;
      pending.last.next = draft;
      pending.last = draft;
    } else {
      this.#takeId(draft);
      this.items.push(draft);
      this.pending = { head: draft, last: draft };
    }
    if (!draft.chained) this.pending = undefined;
  }

  #takeId(draft: RuleDraft): void {
    if (!draft.hasId && !draft.operator) return; // a SecAction needs none, as in ModSecurity 3
    if (!draft.hasId) throw new RuleFault('id', 'the rule has no id', 'add id:NUMBER to its actions');
    const before = this.#ids.get(draft.id);
    if (before)
      throw new RuleFault(
        'id',
        `the id ${draft.id} is taken by ${before.file}:${before.line}`,
        'give the rule another id',
      );
    this.#ids.set(draft.id, draft);
  }

  report(
    place: Place,
    level: WafDiagnostic['level'],
    fault: { code: string; message: string; hint?: string | undefined },
  ): void {
    const { code, message, hint } = fault;
    this.diagnostics.push({
      file: place.file,
      line: place.line,
      level,
      code,
      message,
      ...(hint && { hint }),
    });
  }
}

function checkLink(link: RuleDraft): void {
  const wrong =
    link.disruptive !== undefined && link.disruptive.kind !== 'pass'
      ? link.disruptive.kind
      : link.hasPhase
        ? 'phase'
        : link.skipAfter
          ? 'skipAfter'
          : link.skip
            ? 'skip'
            : undefined;
  if (wrong)
    throw new RuleFault(
      'chain',
      `${wrong} stands in a rule that continues a chain`,
      'write it into the first rule of the chain',
    );
}

export const isMarker = (item: RuleDraft | Marker): item is Marker => 'marker' in item;
