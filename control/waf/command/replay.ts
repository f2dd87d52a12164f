/** Recorded requests judged again by another configuration. */
import { loadExplain, loadWafTrial } from '#l7';
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import type { WafExclusion } from '#model/l7/waf.ts';
import type { WafEvent } from '#model/waf-event.ts';

export interface Replayed {
  readonly event: WafEvent;
  readonly before: WafEvent['action'];
  readonly after: WafEvent['action'];
}

/** The same configuration with exclusions added where `site` stands. */
export function withExclusions(
  http: HttpModel,
  site: WafEvent['site'],
  exclusions: readonly WafExclusion[],
): HttpModel {
  const change = (location: LocationModel): LocationModel => {
    const isMeant = location.site.file === site.file && location.site.line === site.line;
    const { settings } = location;
    const waf = isMeant
      ? { ...settings.waf, exclusions: [...settings.waf.exclusions, ...exclusions] }
      : settings.waf;
    return {
      ...location,
      settings: { ...settings, waf },
      locations: location.locations.map(change),
      conditional: location.conditional.map(change),
      limitExcept: location.limitExcept && {
        ...location.limitExcept,
        location: change(location.limitExcept.location),
      },
    };
  };
  return { ...http, servers: http.servers.map(server => ({ ...server, root: change(server.root) })) };
}

/** The listener that the request came by. */
const originOf = ({ listener: { address, port, tls } }: WafEvent): string =>
  `${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`;

function pairs(flat: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([flat[at]!, flat[at + 1]!]);
  return found;
}

async function judge(http: HttpModel, events: readonly WafEvent[]): Promise<WafEvent['action'][]> {
  const { Trial } = await loadExplain();
  const { tryRequest } = await loadWafTrial();
  using trial = new Trial(http);
  return events.map(event => {
    const { request, clientAddress } = event;
    // The body may be cut: its length is what there is of it.
    const headers = pairs(request.headers).filter(
      ([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name),
    );
    const body = request.body === '' ? undefined : Buffer.from(request.body, 'latin1');
    if (body) headers.push(['Content-Length', String(body.length)]);
    const question = {
      method: request.method,
      url: originOf(event),
      target: request.target,
      headers,
      clientAddress,
      ...(body && { body }),
    };
    return tryRequest(trial, question)?.action ?? 'pass';
  });
}

/** What would become of `events` before and after a change. */
export async function replay(
  before: HttpModel,
  after: HttpModel,
  events: readonly WafEvent[],
): Promise<Replayed[]> {
  const [was, is] = [await judge(before, events), await judge(after, events)];
  return events.map((event, at) => ({ event, before: was[at]!, after: is[at]! }));
}
