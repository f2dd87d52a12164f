/** How a block's own settings and those around it become one: nginx's rule is that a list replaces, and is not merged. */

import type { CoreSettings } from '#model/l7/core.ts';
import type { HeadersSettings } from '#model/l7/headers.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { WafSettings } from '#model/l7/waf.ts';
import type { OwnSettings } from './draft.ts';

type Merge<K extends keyof Settings> = (outer: Settings[K], own: Partial<Settings[K]>) => Settings[K];

/** Slices whose rule is not "what the block sets replaces what is around it". */
const MERGES: { readonly [K in keyof Settings]?: Merge<K> } = {
  core: mergeCore,
  headers: mergeHeaders,
  waf: mergeWaf,
};

/** The two times of keepalive_timeout are inherited each for itself. */
function mergeCore(outer: CoreSettings, own: Partial<CoreSettings>): CoreSettings {
  const merged = { ...outer, ...own };
  const { idleMs, headerS = outer.keepaliveTimeout.headerS } = merged.keepaliveTimeout;
  return { ...merged, keepaliveTimeout: { idleMs, headerS } };
}

/** An exclusion that a location adds must not bring back what the server spares. */
function mergeWaf(outer: WafSettings, own: Partial<WafSettings>): WafSettings {
  return { ...outer, ...own, exclusions: [...outer.exclusions, ...(own.exclusions ?? [])] };
}

type AddedLists = Pick<HeadersSettings, 'added' | 'trailers'>;

/** `add_header_inherit merge` puts the outer headers after the block's own; `off` drops them. */
function mergeHeaders(outer: HeadersSettings, own: Partial<HeadersSettings>): HeadersSettings {
  const merged = { ...outer, ...own };
  const list = (mode: HeadersSettings['addedInherit'], name: keyof AddedLists) => {
    const mine = own[name];
    if (mode === 'off') return mine ?? [];
    return mine && mode === 'merge' ? [...mine, ...outer[name]] : (mine ?? outer[name]);
  };
  return {
    ...merged,
    added: list(merged.addedInherit, 'added'),
    trailers: list(merged.trailersInherit, 'trailers'),
  };
}

/** Where lists are not inherited, a block that sets nothing differs from the one around it all the same. */
const dropsLists = ({ headers }: Settings) =>
  (headers.addedInherit === 'off' && headers.added.length > 0) ||
  (headers.trailersInherit === 'off' && headers.trailers.length > 0);

/** @returns `outer` itself when the block sets nothing, so that equal settings stay one object */
export function inheritSettings(outer: Settings, own: OwnSettings): Settings {
  if (!own.headers && dropsLists(outer)) return inheritSettings(outer, { ...own, headers: {} });
  const slices = Object.keys(own) as (keyof Settings)[];
  if (slices.length === 0) return outer;
  return { ...outer, ...Object.fromEntries(slices.map(slice => [slice, inheritSlice(slice, outer, own)])) };
}

function inheritSlice<K extends keyof Settings>(slice: K, outer: Settings, own: OwnSettings): Settings[K] {
  const mine = own[slice] as Partial<Settings[K]>;
  const merge = MERGES[slice] as Merge<K> | undefined;
  return merge ? merge(outer[slice], mine) : { ...outer[slice], ...mine };
}
