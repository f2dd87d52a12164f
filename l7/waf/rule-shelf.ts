/** The compiled rules of one thread, kept over reloads while their texts stay the same. */
import type { WafRuleTexts } from '#model/l7/waf.ts';
import { compileRules, formatWafDiagnostic, type RuleSet } from '#waf';
import type { Worker } from '../worker.ts';
import type { ZoneShelf } from '../zone/shelf.ts';
import { COLLECTIONS, SharedStore } from './shared-store.ts';

/** Sets that no configuration wants any more go with the next reload but one, so few are kept. */
const KEPT_SETS = 8;

export class RuleShelf {
  /** By digest; the last one used is the last in order. */
  readonly #sets = new Map<string, Shelved>();

  /**
   * @param collections memory of the persistent collections; a set that was compiled for another one is compiled anew
   * @param owner `ownerOf(threadId)`
   * @throws {Error} when the texts do not compile, which control has seen to before
   */
  rulesOf(texts: WafRuleTexts, collections: SharedArrayBuffer, owner: number): RuleSet {
    const known = this.#sets.get(texts.digest);
    const fits = known?.collections === collections;
    const rules = fits ? known.rules : compile(texts, new SharedStore(collections, owner, Date.now));
    this.#sets.delete(texts.digest);
    this.#sets.set(texts.digest, { rules, collections });
    if (this.#sets.size > KEPT_SETS) this.#sets.delete(this.#sets.keys().next().value!);
    return rules;
  }
}

/** The rules of a thread, with the collections of its configuration. @throws {Error} as RuleShelf */
export function compiledRules(texts: WafRuleTexts, zones: ZoneShelf, worker: Worker): RuleSet {
  return worker.ruleShelf.rulesOf(texts, zones.memory('table', COLLECTIONS), worker.seat.owner);
}

interface Shelved {
  readonly rules: RuleSet;
  readonly collections: SharedArrayBuffer;
}

function compile({ roots, texts, globs }: WafRuleTexts, store: SharedStore): RuleSet {
  const loader = { read: (path: string) => texts[path], glob: (pattern: string) => globs[pattern] ?? [] };
  const { rules, diagnostics } = compileRules(roots, loader, { store });
  if (rules) return rules;
  throw new Error(
    diagnostics
      .filter(({ level }) => level === 'error')
      .map(formatWafDiagnostic)
      .join('; '),
  );
}
