/** The compiled rules of one thread, kept over reloads while their texts stay the same. */
import type { WafRuleTexts } from '#model/l7/waf.ts';
import { compileRules, formatWafDiagnostic, type RuleSet } from '#waf';

/** Sets that no configuration wants any more go with the next reload but one, so few are kept. */
const KEPT_SETS = 8;

export class RuleShelf {
  /** By digest; the last one used is the last in order. */
  readonly #sets = new Map<string, RuleSet>();

  /** @throws {Error} when the texts do not compile, which control has seen to before */
  rulesOf(texts: WafRuleTexts): RuleSet {
    const known = this.#sets.get(texts.digest);
    const rules = known ?? compile(texts);
    this.#sets.delete(texts.digest);
    this.#sets.set(texts.digest, rules);
    if (this.#sets.size > KEPT_SETS) this.#sets.delete(this.#sets.keys().next().value!);
    return rules;
  }
}

function compile({ roots, texts, globs }: WafRuleTexts): RuleSet {
  const loader = { read: (path: string) => texts[path], glob: (pattern: string) => globs[pattern] ?? [] };
  const { rules, diagnostics } = compileRules(roots, loader);
  if (rules) return rules;
  throw new Error(
    diagnostics
      .filter(({ level }) => level === 'error')
      .map(formatWafDiagnostic)
      .join('; '),
  );
}
