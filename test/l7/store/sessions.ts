/** Servers that give sessions to their clients, and clients that come back with them. */
import { header } from '../../e2e/message.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import type { Node } from './two-moats.ts';

/** The inside of an http block. The zone has room for whoever keeps asking meanwhile: what is forgotten first is oldest. @param more further lines */
export const stickyHttp = ({ port }: Node, servers: readonly number[], more = '') => `
  upstream app { ${servers.map(server => `server 127.0.0.1:${server};`).join(' ')}
    sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=sids:16m timeout=1h sync; }
  ${more}
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; } }`;

/** Each answers with its number, and gives a session to who has none. */
export async function startServers(count: number) {
  let sessions = 0;
  const servers = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      startUpstream(({ headers }) =>
        headers.some(line => /^cookie/i.test(`${line}`))
          ? response(200, `${at}`)
          : response(200, `${at}`, [`Set-Cookie: sid=session${++sessions}`]),
      ),
    ),
  );
  return {
    ports: servers.map(({ port }) => port),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(server => server.stop()));
    },
  };
}

/** Sessions that are made at a port: cookie → which server. */
export async function makeSessions(port: number, count: number): Promise<Map<string, string>> {
  const sessions = new Map<string, string>();
  for (let n = 0; n < count; n++) {
    const reply = await request(port);
    sessions.set(header(reply, 'set-cookie')!, reply.body);
  }
  return sessions;
}

/** How many of the sessions come to another server at a port. */
export async function movedAt(port: number, sessions: ReadonlyMap<string, string>): Promise<number> {
  let moved = 0;
  for (const [cookie, server] of sessions) {
    const reply = await request(port, { headers: { Cookie: cookie } });
    if (reply.body !== server) moved++;
  }
  return moved;
}
