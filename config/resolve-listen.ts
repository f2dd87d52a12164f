/** The servers' `listen` lines to listeners, and who answers on each. */
import type { ListenModel, ServerName } from '#model/l7/http.ts';
import { defaultListen } from './directives/listen.ts';
import type { HttpDraft, ListenDraft, ServerDraft } from './draft.ts';
import type { Surroundings } from './scope.ts';

/** A server without `listen` has the default one. */
export function addDefaultListen(server: ServerDraft, asRoot: boolean): void {
  const listen = defaultListen(asRoot);
  const key = `${listen.address}:${listen.port}`;
  server.listens.push({ key, listen, setsSocket: false, site: server.site });
}

/** One listener an address; its options may stand on any of the `listen` lines that share it. */
export function gatherListens(draft: HttpDraft, around: Surroundings): Record<string, ListenModel> {
  const first = new Map<string, ListenDraft>();
  for (const server of draft.servers) {
    for (const own of server.listens) {
      const other = first.get(own.key);
      first.set(own.key, other ? joinListens(other, own, around) : own);
    }
  }
  return Object.fromEntries(first.entries().map(([key, { listen }]) => [key, listen]));
}

/** Two lines of one address: the socket's options are those of the line that has any. */
function joinListens(one: ListenDraft, two: ListenDraft, around: Surroundings): ListenDraft {
  if (one.setsSocket && two.setsSocket)
    around.faults.error(
      'duplicate-listen',
      `duplicate listen options for ${two.key}`,
      two.site,
      `they stand on line ${one.site.line} already: leave them out here`,
    );
  const a = one.listen;
  const b = two.listen;
  if (a.proxyProtocol !== b.proxyProtocol || a.tls !== b.tls || a.http2 !== b.http2)
    around.faults.warn(
      'protocol-options',
      `the protocol options of ${two.key} are redefined`,
      two.site,
      'write ssl, http2 and proxy_protocol on every listen of one address, or on none',
    );
  else if (!two.setsSocket) return one;
  const protocols = {
    tls: a.tls || b.tls,
    http2: a.http2 || b.http2,
    proxyProtocol: a.proxyProtocol || b.proxyProtocol,
  };
  const from = two.setsSocket ? two : one;
  return { ...from, listen: { ...from.listen, ...protocols } };
}

const NAMELESS: readonly ServerName[] = [{ kind: 'exact', hostname: '' }];

function writtenName(name: ServerName): string {
  if (name.kind === 'leading') return `*${name.suffix}`;
  if (name.kind === 'trailing') return `${name.prefix}*`;
  return name.kind === 'exact' ? name.hostname : '';
}

/** As nginx: of two servers with one name on one address, the first one has it. */
export function warnOfTakenNames(draft: HttpDraft, around: Surroundings): void {
  const takenOn = new Map<string, Map<string, number>>();
  for (const server of draft.servers) {
    const names = server.names.length ? server.names : NAMELESS;
    for (const { key } of server.listens) {
      const taken = takenOn.get(key) ?? new Map<string, number>();
      takenOn.set(key, taken);
      for (const name of names) {
        if (name.kind === 'regex') continue;
        const text = writtenName(name);
        const before = taken.get(text);
        if (before === undefined) taken.set(text, server.site.line);
        else
          around.faults.warn(
            'server-name-conflict',
            `conflicting server name "${text}" on ${key}, ignored`,
            server.site,
            `the server on line ${before} has it`,
          );
      }
    }
  }
}

export function defaultServers(draft: HttpDraft, around: Surroundings): Record<string, number> {
  const chosen: Record<string, number> = {};
  const marked = new Set<string>();
  draft.servers.forEach((server, index) => {
    for (const { key, listen, site } of server.listens) {
      if (listen.defaultServer) {
        if (marked.has(key))
          around.faults.error(
            'duplicate-default',
            `a second default server for ${key}`,
            site,
            'only one server may be default_server of an address',
          );
        marked.add(key);
        chosen[key] = index;
      }
      chosen[key] ??= index;
    }
  });
  return chosen;
}
