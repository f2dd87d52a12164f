/** What one place of a configuration changes about a set of rules: mode, limits, scores, and what is spared. */
import type { WafExclusion } from '#model/l7/waf.ts';
import type { AuditSink } from './audit.ts';
import type { LinkedRules } from './link.ts';
import type { RequestFacts } from './request.ts';
import { parseTargets, type Target } from './seclang/targets.ts';
import type { EngineMode, LimitAction } from './settings.ts';
import type { Transaction } from './transaction.ts';
import type { Variant } from './variant.ts';

/** Rules that do not look at something. */
export type Exclusion = WafExclusion;

export interface ProfileOptions {
  /** Overrides `SecRuleEngine`. */
  readonly engine?: EngineMode;
  /** Variables of TX that are set before the first rule runs. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly exclusions?: readonly Exclusion[];
  /** Overrides `SecRequestBodyLimit`. */
  readonly requestBodyLimitBytes?: number | undefined;
  readonly requestBodyLimitAction?: LimitAction | undefined;
  /** Overrides `SecResponseBodyAccess`. */
  readonly responseBodyAccess?: boolean;
  /** Gets a line for each transaction in which a rule matched, whatever `SecAuditEngine` says. */
  readonly audit?: AuditSink | undefined;
}

/** What has to be so of a request. */
type Condition = Pick<WafExclusion, 'path' | 'method' | 'type' | 'host'>;

interface Removal {
  readonly condition: Condition;
  readonly rules: Uint32Array;
  readonly targets: readonly Target[] | undefined;
}

type VariantOf = (variables: Readonly<Record<string, string>>, removals: readonly Uint32Array[]) => Variant;

export class Profile {
  readonly engine: EngineMode | undefined;
  readonly requestBodyLimitAction: LimitAction | undefined;
  readonly audit: AuditSink | undefined;
  /** The rules with this profile's variables. */
  readonly variant: Variant;
  readonly #options: ProfileOptions;
  readonly #removals: readonly Removal[];

  /** @throws {RuleFault} when an exclusion names no variable of rules */
  constructor(options: ProfileOptions, { choose }: Pick<LinkedRules, 'choose'>, variantOf: VariantOf) {
    this.engine = options.engine;
    this.requestBodyLimitAction = options.requestBodyLimitAction;
    this.audit = options.audit;
    this.#options = options;
    this.#removals = (options.exclusions ?? []).map(({ rules, target, ...condition }) => ({
      condition,
      rules: choose(rule =>
        rules.kind === 'ids'
          ? rule.id >= rules.first && rule.id <= rules.last
          : rule.tags.some(tag => tag.constant === rules.tag),
      ),
      targets: target === undefined ? undefined : parseTargets(target, NO_PATTERNS),
    }));
    this.variant = variantOf(
      options.variables ?? {},
      this.#removals.map(({ rules }) => rules),
    );
  }

  /** Brings a transaction that has just begun under this profile. */
  apply({ control, request }: Transaction): void {
    const { requestBodyLimitBytes, responseBodyAccess, audit } = this.#options;
    control.requestBodyLimitBytes = requestBodyLimitBytes ?? control.requestBodyLimitBytes;
    control.responseBodyAccess = responseBodyAccess ?? control.responseBodyAccess;
    if (audit && control.audit === 'off') control.audit = 'relevant';
    for (const { condition, rules, targets } of this.#removals) {
      if (!isMet(condition, request)) continue;
      if (targets) control.removeTargets(rules, targets);
      else control.removeRules(rules);
    }
  }
}

const isMet = ({ path, method, type, host }: Condition, request: RequestFacts): boolean =>
  (path === undefined || request.filename.startsWith(path)) &&
  (method === undefined || request.head.method === method) &&
  (type === undefined || request.mediaType === type) &&
  (host === undefined || request.host === host);

/** Names of exclusions are words, never patterns. */
const NO_PATTERNS = { compilePattern: () => ({ test: () => false }), namespaces: new Map<string, string>() };
