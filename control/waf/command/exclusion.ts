/** The narrowest exclusion that would have spared a request. */
import { WAF_TARGETS, type WafExclusion, type WafTargetKind, wafTarget } from '#model/l7/waf.ts';
import type { WafEvent, WafEventRule } from '#model/waf-event.ts';

export interface Proposal {
  readonly rule: number;
  /** As in the configuration. */
  readonly line: string;
  readonly exclusion: WafExclusion;
}

/** Rules that add the score up look at TX: excluding one would switch all others off. */
export const isScoring = ({ matches }: WafEventRule): boolean =>
  matches.some(({ variable }) => !variable.startsWith('TX:') && variable !== 'TX');

interface Named {
  readonly kind: WafTargetKind;
  readonly name: string;
}

/** `ARGS:q` → param q; undefined for what an exclusion cannot name more narrowly than the rule. */
function nameOf(variable: string): Named | undefined {
  const colon = variable.indexOf(':');
  if (colon < 0) return undefined;
  const [collection, name] = [variable.slice(0, colon), variable.slice(colon + 1)];
  const kind = (Object.keys(WAF_TARGETS) as WafTargetKind[]).find(one =>
    (WAF_TARGETS[one] as readonly string[]).includes(collection),
  );
  return kind === undefined || name === '' || /['\0-\x1f]/.test(name) ? undefined : { kind, name };
}

/** A word of the configuration: quoted where it holds what ends one. */
const word = (text: string): string =>
  /[\s;{}"'\\$#]/.test(text) ? `"${text.replace(/(["\\$])/g, '\\$1')}"` : text;

export function proposalFor(rule: number, path: string, variable: string): Proposal {
  const named = nameOf(variable);
  const words = [
    `rule=${rule}`,
    word(`path=${path}`),
    ...(named ? [word(`${named.kind}=${named.name}`)] : []),
  ];
  return {
    rule,
    line: `waf_exclude ${words.join(' ')};`,
    exclusion: {
      rules: { kind: 'ids', first: rule, last: rule },
      path,
      target: named && wafTarget(named.kind, named.name),
    },
  };
}

/** One for each rule and each thing that it matched in. @param only this rule, if given */
export function proposalsFor({ rules, path }: WafEvent, only?: number): Proposal[] {
  const wanted = rules.filter(rule => isScoring(rule) && (only === undefined || rule.id === only));
  const all = wanted.flatMap(({ id, matches }) =>
    matches.map(({ variable }) => proposalFor(id, path, variable)),
  );
  return [...new Map(all.map(proposal => [proposal.line, proposal])).values()];
}
