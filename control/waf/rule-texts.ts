/** Reads rules of the WAF with all that they include, and remembers every text: that is what goes to the workers. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { globPaths } from '#kit/glob.ts';
import type { WafRuleTexts } from '#model/l7/waf.ts';
import type { RuleLoader } from '#waf';

/** A loader from the disk that keeps what it gave. */
export class RuleTexts implements RuleLoader {
  readonly #texts: Record<string, string> = {};
  readonly #globs: Record<string, readonly string[]> = {};

  read(path: string): string | undefined {
    const known = this.#texts[path];
    if (known !== undefined) return known;
    try {
      const text = readFileSync(Buffer.from(path, 'latin1'), 'latin1');
      this.#texts[path] = text;
      return text;
    } catch {
      return undefined; // the reader of rules tells which line wanted it
    }
  }

  glob(pattern: string): readonly string[] {
    return (this.#globs[pattern] ??= globPaths(pattern));
  }

  /** What was read, for who reads it again elsewhere. */
  texts(key: string, roots: readonly string[]): WafRuleTexts {
    const texts = this.#texts;
    const all = JSON.stringify([roots, Object.entries(texts), Object.entries(this.#globs)]);
    return { key, roots, texts, globs: this.#globs, digest: hash('sha256', all, 'hex') };
  }
}
