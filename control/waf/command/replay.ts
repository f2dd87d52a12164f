/** Recorded requests judged again by another configuration. */
import { loadExplain, loadWafTrial } from '#l7';
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import type { WafExclusion } from '#model/l7/waf.ts';
import type { WafEvent } from '#model/waf-event.ts';

export interface Replayed {
  readonly event: WafEvent;
  /** The location that the request comes to today; undefined where the WAF is off. */
  readonly now: WafEvent | undefined;
  readonly before: WafEvent['action'];
  readonly after: WafEvent['action'];
}

/** Exclusions that are to stand in one location. */
export interface Added {
  readonly site: WafEvent['site'];
  readonly exclusions: readonly WafExclusion[];
}

/** The same configuration with exclusions added where their sites are. */
export function withExclusions(http: HttpModel, added: readonly Added[]): HttpModel {
  const change = (location: LocationModel): LocationModel => {
    const meant = added.filter(
      ({ site }) => location.site.file === site.file && location.site.line === site.line,
    );
    const { settings } = location;
    const exclusions = [...settings.waf.exclusions, ...meant.flatMap(one => one.exclusions)];
    const waf = meant.length > 0 ? { ...settings.waf, exclusions } : settings.waf;
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

/** What the configuration would make of recorded requests; undefined where the WAF is off. */
async function judge(http: HttpModel, events: readonly WafEvent[]): Promise<(WafEvent | undefined)[]> {
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
    return tryRequest(trial, question);
  });
}

/** What would become of `events` before and after a change. */
export async function replay(
  before: HttpModel,
  after: HttpModel,
  events: readonly WafEvent[],
): Promise<Replayed[]> {
  const [was, is] = [await judge(before, events), await judge(after, events)];
  const actionOf = (judged: WafEvent | undefined): WafEvent['action'] => judged?.action ?? 'pass';
  return events.map((event, at) => ({
    event,
    now: was[at],
    before: actionOf(was[at]),
    after: actionOf(is[at]),
  }));
}

/** Where the requests of events come to in this configuration: lines may have moved since. @returns undefined where the WAF is off */
export async function sitesNow(
  http: HttpModel,
  events: readonly WafEvent[],
): Promise<(WafEvent['site'] | undefined)[]> {
  return (await judge(http, events)).map((judged, at) =>
    judged?.location === events[at]!.location ? judged.site : undefined,
  );
}
