/** The narrowest exclusion that would have spared a request. */
import { MEDIA_TYPE, WAF_TARGETS, type WafExclusion, type WafTargetKind, wafTarget } from '#model/l7/waf.ts';
import type { WafEvent, WafEventMatch, WafEventRule } from '#model/waf-event.ts';

export interface Proposal {
  readonly rule: number;
  /** As in the configuration. */
  readonly line: string;
  readonly exclusion: WafExclusion;
}

const isTx = ({ variable }: WafEventMatch): boolean => variable === 'TX' || variable.startsWith('TX:');

/** Rules that add the score up look at TX: excluding one would switch all others off. */
export const isScoring = ({ matches }: WafEventRule): boolean => matches.some(match => !isTx(match));

/**
 * What of the request the rule took offence at. A chain may begin with all there is, remember each in TX, and look there for those
 * that are meant: then it is only these.
 */
export function decisive({ matches }: WafEventRule): readonly WafEventMatch[] {
  const found = matches.filter(match => !isTx(match));
  const remembered = matches.filter(isTx).map(({ value }) => value.toLowerCase());
  const meant = found.filter(
    ({ value }) => value !== '' && remembered.some(text => text.includes(value.toLowerCase())),
  );
  return meant.length > 0 ? meant : found;
}

/** A parameter, field or cookie. */
export interface Named {
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

/** What a rule matched in that is a property of the request, rather than something that a client writes into it. */
export type Property = Partial<Pick<WafExclusion, 'method' | 'type' | 'host'>>;

/** Rules about methods, media types and hosts are spared for the very one that came. */
function propertyOf(variable: string, { request, host }: WafEvent): Property {
  if (variable === 'REQUEST_METHOD' && /^[A-Z]{1,32}$/.test(request.method))
    return { method: request.method };
  const lower = variable.toLowerCase();
  if (lower === 'request_headers:host' && /^[\w.-]{1,253}$/.test(host)) return { host };
  if (lower !== 'request_headers:content-type') return {};
  const type = mediaTypeOf(request.headers);
  return MEDIA_TYPE.test(type) ? { type } : {};
}

function mediaTypeOf(headers: readonly string[]): string {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
  return at < 0 ? '' : headers[at + 1]!.split(';', 1)[0]!.trim().toLowerCase();
}

/** What one rule would not look at any more; where is added by who knows it. */
export interface Spared {
  readonly rule: number;
  readonly property: Property;
  readonly named: Named | undefined;
}

export function sparedBy(rule: number, variable: string, event: WafEvent): Spared {
  const property = propertyOf(variable, event);
  // Host and Content-Type are named by their values; the field besides would say nothing more.
  return { rule, property, named: Object.keys(property).length > 0 ? undefined : nameOf(variable) };
}

/** @param path what it is to begin with; undefined: the whole location */
export function proposalOf({ rule, property, named }: Spared, path: string | undefined): Proposal {
  const words = [
    `rule=${rule}`,
    ...(path === undefined ? [] : [word(`path=${path}`)]),
    ...(named ? [word(`${named.kind}=${named.name}`)] : []),
    ...Object.entries(property).map(([key, value]) => word(`${key}=${value}`)),
  ];
  return {
    rule,
    line: `waf_exclude ${words.join(' ')};`,
    exclusion: {
      rules: { kind: 'ids', first: rule, last: rule },
      path,
      target: named && wafTarget(named.kind, named.name),
      method: property.method,
      type: property.type,
      host: property.host,
    },
  };
}

/** One for each rule and each thing that it matched in. @param only this rule, if given */
export function proposalsFor(event: WafEvent, only?: number): Proposal[] {
  const { rules, path } = event;
  const wanted = rules.filter(rule => isScoring(rule) && (only === undefined || rule.id === only));
  const all = wanted.flatMap(rule =>
    decisive(rule).map(({ variable }) => proposalOf(sparedBy(rule.id, variable, event), path)),
  );
  return [...new Map(all.map(proposal => [proposal.line, proposal])).values()];
}
