/** The compiled rules of one thread, kept over reloads while their texts stay the same. */
import type { WafRuleTexts } from '#model/l7/waf.ts';
import type { RuleSet } from '#waf';
import type { GeoBook } from '../geo/book.ts';
import { geoFields } from '../geo/fields.ts';
import type { Tables } from '../tables.ts';
import type { Worker } from '../worker.ts';
import type { BlockLists } from './block-lists.ts';
import { engine } from './engine.ts';
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
  rulesOf(
    texts: WafRuleTexts,
    collections: SharedArrayBuffer,
    owner: number,
    databases: GeoBook,
    lists: BlockLists,
  ): RuleSet {
    const known = this.#sets.get(texts.digest);
    const shelved =
      known?.collections === collections
        ? known
        : compile(texts, new SharedStore(collections, owner, Date.now), collections, lists);
    shelved.geo.databases = databases;
    this.#sets.delete(texts.digest);
    this.#sets.set(texts.digest, shelved);
    if (this.#sets.size > KEPT_SETS) this.#sets.delete(this.#sets.keys().next().value!);
    return shelved.rules;
  }
}

/** The rules of a thread, with the collections of its configuration. @throws {Error} as RuleShelf */
export function compiledRules(
  texts: WafRuleTexts,
  { zones, variables: { databases } }: Pick<Tables, 'zones' | 'variables'>,
  { ruleShelf, seat, blockLists }: Worker,
): RuleSet {
  return ruleShelf.rulesOf(texts, zones.memory('table', COLLECTIONS), seat.owner, databases, blockLists);
}

interface Shelved {
  readonly rules: RuleSet;
  readonly collections: SharedArrayBuffer;
  /** Those of the newest configuration: rules outlive a reload that brings another database. */
  readonly geo: { databases: GeoBook | undefined };
}

function compile(
  { roots, texts, globs }: WafRuleTexts,
  store: SharedStore,
  collections: SharedArrayBuffer,
  lists: BlockLists,
): Shelved {
  const geo: Shelved['geo'] = { databases: undefined };
  const loader = { read: (path: string) => texts[path], glob: (pattern: string) => globs[pattern] ?? [] };
  const { rules, diagnostics } = engine().compileRules(roots, loader, {
    store,
    locate: (path, address) => geo.databases && geoFields(geo.databases.database(path).reader, address),
    listed: name => lists.listed(name),
  });
  if (rules) return { rules, collections, geo };
  throw new Error(
    diagnostics
      .filter(({ level }) => level === 'error')
      .map(engine().formatWafDiagnostic)
      .join('; '),
  );
}
