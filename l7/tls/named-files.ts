/** Files whose paths have variables: read when they are needed, and looked at again whether they have changed. */
import { readFileSync, statSync } from 'node:fs';
import type { CertificateCache } from '#model/l7/tls.ts';
import type { Template } from '#model/template.ts';
import { systemPath } from '../content/file-path.ts';
import type { Exchange } from '../exchange.ts';

/** Without a cache: names may come from clients, and must not fill the memory; files are looked at each time. */
const UNCACHED: CertificateCache = { most: 1000, inactiveMs: 60_000, validMs: 0 };

interface Kept<T> {
  readonly made: T;
  /** What each file was, by path. */
  readonly stamps: ReadonlyMap<string, string>;
  validUntilMs: number;
  usedMs: number;
}

/** Reads a source: a path, or `data:` and the text itself. @returns latin1 @throws {Error} that names the path */
export type ReadSource = (source: string) => string;

/** What is made of files, kept by their names as long as they stay the same. */
export class NamedFiles<T> {
  readonly #limits: CertificateCache;
  readonly #nowMs: () => number;
  readonly #all = new Map<string, Kept<T>>();

  constructor(limits: CertificateCache | undefined, nowMs: () => number) {
    this.#limits = limits ?? UNCACHED;
    this.#nowMs = nowMs;
  }

  /** @param make reads what it needs; its faults are the caller's */
  get(key: string, make: (read: ReadSource) => T): T {
    const before = this.#all.get(key);
    const kept = before && this.#holds(before) ? before : this.#make(make);
    this.#keep(key, kept);
    return kept.made;
  }

  #holds(kept: Kept<T>): boolean {
    if (kept.validUntilMs > this.#nowMs()) return true;
    kept.validUntilMs = this.#nowMs() + this.#limits.validMs;
    return [...kept.stamps].every(([path, stamp]) => stampOf(path) === stamp);
  }

  #make(make: (read: ReadSource) => T): Kept<T> {
    const stamps = new Map<string, string>();
    const made = make(source => readSource(source, stamps));
    return { made, stamps, validUntilMs: this.#nowMs() + this.#limits.validMs, usedMs: 0 };
  }

  /** The most recently used stand last; what nobody has used for long goes, and what there is too much of. */
  #keep(key: string, kept: Kept<T>): void {
    const { most, inactiveMs } = this.#limits;
    kept.usedMs = this.#nowMs();
    this.#all.delete(key);
    this.#all.set(key, kept);
    for (const [oldest, { usedMs }] of this.#all) {
      if (this.#all.size <= most && usedMs + inactiveMs > kept.usedMs) break;
      this.#all.delete(oldest);
    }
  }
}

/** A name in the variables of an exchange, as a source: absolute, `data:…`, or '' when it is empty. */
export function sourceOf(template: Template, confDir: string, exchange: Exchange): string {
  const text = exchange.tables.variables.text(template)(exchange);
  return text === '' || text.startsWith('/') || text.startsWith('data:') ? text : confDir + text;
}

function readSource(source: string, stamps: Map<string, string>): string {
  if (source.startsWith('data:')) return source.slice('data:'.length);
  stamps.set(source, stampOf(source));
  try {
    return readFileSync(systemPath(source), 'latin1');
  } catch (error) {
    throw new Error(`cannot load certificate "${source}": ${(error as Error).message}`, { cause: error });
  }
}

/** Looking costs a few microseconds. '' for a file that is not there. */
function stampOf(path: string): string {
  const found = statSync(systemPath(path), { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : '';
}
