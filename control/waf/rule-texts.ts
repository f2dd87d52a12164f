/** Reads rules of the WAF with all that they include, and remembers every text: that is what goes to the workers. */
import { hash } from 'node:crypto';
import type { WafRuleTexts } from '#model/l7/waf.ts';
import type { RuleLoader } from '#waf';
import type { Disk } from '../disk.ts';

/** A loader from the disk that keeps what it gave. */
export class RuleTexts implements RuleLoader {
  readonly #disk: Disk;
  readonly #texts: Record<string, string> = {};
  readonly #globs: Record<string, readonly string[]> = {};

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  read(path: string): string | undefined {
    const known = this.#texts[path];
    if (known !== undefined) return known;
    try {
      const text = this.#disk.read(path);
      this.#texts[path] = text;
      return text;
    } catch {
      return undefined; // the reader of rules tells which line wanted it
    }
  }

  glob(pattern: string): readonly string[] {
    return (this.#globs[pattern] ??= this.#disk.glob(pattern));
  }

  /** What was read, for who reads it again elsewhere. */
  texts(key: string, roots: readonly string[]): WafRuleTexts {
    const texts = this.#texts;
    const all = JSON.stringify([roots, Object.entries(texts), Object.entries(this.#globs)]);
    return { key, roots, texts, globs: this.#globs, digest: hash('sha256', all, 'hex') };
  }
}
