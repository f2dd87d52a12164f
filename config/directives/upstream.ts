/** Pools: upstream, server and how to choose among them. */
import { isIP } from 'node:net';
import type { MemberModel } from '#model/l7/upstream.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { newPool } from '../draft.ts';
import { defineBlock, defineDirective } from '../registry.ts';

/** Splits `10.0.0.1:80`, `name`, `[::1]:81`, `unix:/path`; the port is 80 when none is written. */
export function memberAddress(
  name: string,
  defaultPort = 80,
): Pick<MemberModel, 'host' | 'port' | 'unixPath'> {
  if (name.startsWith('unix:')) return { host: '', port: 0, unixPath: name.slice(5) };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(name);
  const host = match?.[1] ?? match?.[2];
  if (!match || !host || (match[1] && isIP(match[1]) !== 6))
    throw new ArgumentFault(
      `"${name}" is not the address of a server`,
      'write HOST, HOST:PORT, [IPV6]:PORT or unix:/path',
    );
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) throw new ArgumentFault(`${match[3]} is not a port`, 'take 1 to 65535');
  return { host, port, unixPath: undefined };
}

const upstream = defineBlock({
  name: 'upstream',
  context: ['http'],
  args: { name: arg.text('a name') },
  block: 'upstream',
  repeats: true,
  doc: { summary: 'A pool of servers.', example: 'upstream app { server 10.0.0.1:8080; }', since: '0.1' },
  compile({ name }, scope, body, line) {
    if (scope.http.pools.has(name)) throw new ArgumentFault(`the upstream "${name}" is already defined`);
    const pool = newPool(name);
    scope.http.pools.set(name, pool);
    body.open(scope.child('upstream', { pool }));
    const hasServers = body.rows.some(row => row.name.text === 'server'); // faulty ones are told by themselves
    if (!hasServers && !pool.statePath) {
      scope.faults.error(
        'empty-upstream',
        `no servers are inside upstream "${name}"`,
        line.name,
        'add a server line',
      );
    }
  },
});

const server = defineDirective({
  name: 'server',
  context: ['upstream'],
  repeats: true,
  args: {
    address: arg.text('an address'),
    weight: arg.integer({ min: 1, max: 65535 }).param(),
    max_fails: arg.integer().param(),
    fail_timeout: arg.durationMs().param(),
    max_conns: arg.integer().param(),
    slow_start: arg.durationMs().param(),
    backup: arg.word(),
    down: arg.word(),
    drain: arg.word(),
    resolve: arg.word(),
    service: arg.text('a service name').param(),
    route: arg.text('a name').param(),
  },
  doc: {
    summary: 'A member of the pool.',
    example: 'server 10.0.0.1:8080 weight=2 max_fails=3;',
    since: '0.1',
  },
  compile(args, { pool }) {
    const member: MemberModel = {
      name: args.address,
      ...memberAddress(args.address),
      weight: args.weight ?? 1,
      maxFails: args.max_fails ?? 1,
      failTimeoutMs: args.fail_timeout ?? 10_000,
      maxConns: args.max_conns ?? 0,
      backup: args.backup ?? false,
      down: args.down ?? false,
      drain: args.drain ?? false,
      resolve: args.resolve ?? false,
      service: args.service,
      route: args.route,
      slowStartMs: args.slow_start ?? 0,
    };
    pool.members.push(member);
  },
});

export const UPSTREAM = [upstream, server];
