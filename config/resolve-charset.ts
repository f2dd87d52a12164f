/** Finds locations that would bring contents from one charset into another without a map between the two. */
import type { CharsetSettings } from '#model/l7/charset.ts';
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import type { HttpDraft } from './draft.ts';
import type { Surroundings } from './scope.ts';

export function checkCharsets(servers: readonly ServerModel[], draft: HttpDraft, around: Surroundings): void {
  if (draft.charsets.names.size < 2) return;
  const seen = new Set<CharsetSettings>();
  for (const server of servers) visit(server.root, seen, draft, around);
}

function visit(
  location: LocationModel,
  seen: Set<CharsetSettings>,
  draft: HttpDraft,
  around: Surroundings,
): void {
  const { charset } = location.settings;
  if (!seen.has(charset)) judge(charset, location, draft, around);
  seen.add(charset);
  for (const inner of [...location.locations, ...location.conditional]) visit(inner, seen, draft, around);
  if (location.limitExcept) visit(location.limitExcept.location, seen, draft, around);
}

/** Names that variables give are known when a request comes. */
function judge(
  { from, to }: CharsetSettings,
  { site }: LocationModel,
  draft: HttpDraft,
  { faults }: Surroundings,
): void {
  if (typeof from !== 'string' || typeof to !== 'string') return;
  const ends = [from.toLowerCase(), to.toLowerCase()];
  if (ends[0] === ends[1]) return;
  if (draft.charsets.maps.some(map => ends.includes(map.from) && ends.includes(map.to))) return;
  faults.error(
    'unknown-charset',
    `no "charset_map" between the charsets "${from}" and "${to}"`,
    { ...site, column: 1, length: 1 },
    `add charset_map ${from} ${to} to http, or take source_charset out`,
  );
}
