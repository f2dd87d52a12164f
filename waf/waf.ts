/** The WAF's face: texts of rules in, decisions about requests out. */
import type { AuditSink } from './audit.ts';
import { type CollectionStore, MemoryStore } from './collection/store.ts';
import { RuleFault, type WafDiagnostic } from './diagnostic.ts';
import { linkRules } from './link.ts';
import { OperatorFault } from './operator/operator.ts';
import { compilePattern as compile, type Pattern, PatternError } from './regex/pattern.ts';
import { type Locate, RuleSet } from './rule-set.ts';
import type { RuleLoader } from './seclang/loader.ts';
import { isMarker, type Program } from './seclang/program.ts';
import { readRules } from './seclang/read.ts';

export { SEVERITIES } from './action/meta.ts';
export type { Audited, AuditSink } from './audit.ts';
export type { Part } from './body/multipart-part.ts';
export type { CollectionRecord, CollectionStore, PersistentName } from './collection/store.ts';
export { MemoryStore } from './collection/store.ts';
export { addTo } from './collection/variables.ts';
export { formatWafDiagnostic, type WafDiagnostic } from './diagnostic.ts';
export type { Decision, Match, MatchedRule } from './match.ts';
export { listName } from './operator/lookup.ts';
export type { Exclusion, Profile, ProfileOptions } from './profile.ts';
export { compilePattern, type Pattern, PatternError } from './regex/pattern.ts';
export type { RequestHead } from './request.ts';
export type { ResponseHead } from './response.ts';
export type { RuleSet } from './rule-set.ts';
export { loaderOf, type RuleLoader } from './seclang/loader.ts';
export type { EngineMode } from './settings.ts';
export type { Transaction } from './transaction.ts';
export { type Entry, entry } from './variable/variable.ts';

export interface WafOptions {
  /** Where persistent collections live; in this thread's memory if absent. */
  readonly store?: CollectionStore;
  readonly audit?: AuditSink;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
  readonly locate?: Locate;
  readonly listed?: (name: string) => string | undefined;
  /** Whether `^` and `$` also match at line ends, as libmodsecurity 3 has it; ModSecurity 2 and the rules mean it without. */
  readonly multiline?: boolean;
}

export interface CompiledRules {
  /** Undefined when one of the diagnostics is an error. */
  readonly rules: RuleSet | undefined;
  readonly diagnostics: readonly WafDiagnostic[];
}

/**
 * Compiles rules. All faults are collected; one error refuses the set, for a rule that is left out protects nobody.
 *
 * @param files paths of the texts, read in this order through `loader`
 */
export function compileRules(
  files: readonly string[],
  loader: RuleLoader,
  options: WafOptions = {},
): CompiledRules {
  const { multiline = false, nowMs = Date.now } = options;
  const pattern = <F extends Error>(source: string, fault: (error: PatternError) => F): Pattern => {
    try {
      return compile(source, { multiline });
    } catch (error) {
      throw error instanceof PatternError ? fault(error) : error;
    }
  };
  const forRule = (error: PatternError) => new RuleFault('pattern', error.message);
  const program = readRules(files, loader, { compilePattern: source => pattern(source, forRule) });
  const linked = linkRules(program, {
    loader,
    macros: program.macros,
    httpBlKey: program.settings.httpBlKey,
    compilePattern: source => pattern(source, error => new OperatorFault(error.message)),
  });
  const relevant = relevance(program.settings.auditRelevantStatus, source => pattern(source, forRule));
  const { diagnostics, settings, macros } = program;
  if (diagnostics.some(({ level }) => level === 'error')) return { rules: undefined, diagnostics };
  settings.auditRelevant = relevant;
  settings.keepsRawBody = asksForRawBody(program);
  const rules = new RuleSet({
    rules: linked,
    macros,
    settings,
    store: options.store ?? new MemoryStore(nowMs),
    audit: options.audit,
    nowMs,
    locate: options.locate,
    listed: options.listed,
  });
  return { rules, diagnostics };
}

/** Whether a rule or a macro names the whole request: then bodies of all types are kept for it. */
function asksForRawBody({ items, macros }: Program): boolean {
  const isIt = (name: string) => /^full_request/i.test(name);
  if ([...macros.names()].some(isIt)) return true;
  for (const item of items)
    for (let link = isMarker(item) ? undefined : item; link; link = link.next)
      if (link.targets.some(({ variable }) => isIt(variable.name))) return true;
  return false;
}

function relevance(
  source: string | undefined,
  compile: (source: string) => Pattern,
): ((status: string) => boolean) | undefined {
  if (source === undefined) return undefined;
  const pattern = compile(source);
  return status => pattern.test(status);
}
