/** A compiled set of rules, and what its transactions stand in. */
import type { AuditSink } from './audit.ts';
import type { CollectionStore } from './collection/store.ts';
import type { LinkedRules } from './link.ts';
import type { MacroBook } from './macro.ts';
import { Profile, type ProfileOptions } from './profile.ts';
import type { RequestHead } from './request.ts';
import type { Settings } from './settings.ts';
import { Transaction } from './transaction.ts';
import { makeVariant, type Variant } from './variant.ts';

/**
 * Looks an address up for GEO: COUNTRY_CODE and others; undefined when nothing is known.
 *
 * @param database the path that SecGeoLookupDb named
 */
export type Locate = (database: string, address: string) => Readonly<Record<string, string>> | undefined;

/** What the host lends the engine. */
export interface Surroundings {
  readonly rules: LinkedRules;
  readonly macros: MacroBook;
  readonly settings: Settings;
  readonly store: CollectionStore;
  readonly audit: AuditSink | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly locate: Locate | undefined;
  /** What a DNS block list is known to answer for a name. */
  readonly listed: ((name: string) => string | undefined) | undefined;
}

export class RuleSet {
  readonly settings: Settings;
  /** Rules as they were written; chains count once. */
  readonly ruleCount: number;
  readonly #around: Surroundings;
  /** By what they were made of: profiles that agree in it share one. */
  readonly #variants = new Map<string, Variant>();

  constructor(around: Surroundings) {
    this.#around = around;
    this.settings = around.settings;
    this.ruleCount = around.rules.ruleCount;
  }

  /**
   * Begins the inspection of a request.
   *
   * @param profile of this set; without one the rules alone say how
   */
  transaction(head: RequestHead, profile?: Profile): Transaction {
    const variant = profile?.variant ?? this.#variantOf({}, []);
    return new Transaction(head, this.#around, variant, profile);
  }

  /** @throws {RuleFault} when an exclusion names no variable of rules */
  profile(options: ProfileOptions): Profile {
    return new Profile(options, this.#around.rules, (variables, removals) =>
      this.#variantOf(variables, removals),
    );
  }

  #variantOf(variables: Readonly<Record<string, string>>, removals: readonly Uint32Array[]): Variant {
    const key = JSON.stringify([variables, removals.map(bits => bits.join())]);
    const known = this.#variants.get(key);
    if (known) return known;
    const variant = makeVariant(this.#around.rules, variables, removals);
    this.#variants.set(key, variant);
    return variant;
  }
}
