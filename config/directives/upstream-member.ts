/** A line of a pool: `server ADDRESS parameters`. */
import { isIP } from 'node:net';
import type { MemberModel } from '#model/l7/upstream.ts';
import { ArgumentFault, type ArgumentValues, arg } from '../argument.ts';
import type { DirectiveDoc, Line } from '../registry.ts';
import type { Scope } from '../scope.ts';

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

export const MEMBER_ARGUMENTS = {
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
};

export const MEMBER_DOC: NonNullable<DirectiveDoc<typeof MEMBER_ARGUMENTS>['args']> = {
  address: 'HOST, HOST:PORT, [IPV6]:PORT or unix:/path; the port is 80 when none is written.',
  weight: 'How much the member gets beside the others; 1 if absent.',
  max_fails:
    'After so many failed tries within fail_timeout the member is left alone; 1 if absent, 0: never.',
  fail_timeout: 'See max_fails; also how long it is left alone. 10s if absent.',
  max_conns: 'Most requests in flight at the member, from all workers together; 0 if absent: no limit.',
  slow_start: 'For how long the weight grows to its full value when the member comes back; 0 if absent.',
  backup: 'Gets requests only while no other member can be used.',
  down: 'Gets no requests.',
  drain: 'Gets only requests of sessions that it has already.',
  resolve: 'The name is looked up again and again by the resolver, and the members follow its addresses.',
  service: 'The name of a service, whose SRV records give addresses, ports, weights and backups.',
  route: 'The name of the member for sticky sessions.',
};

/** @throws {ArgumentFault} when the parameters do not go together */
export function memberModel(
  args: ArgumentValues<typeof MEMBER_ARGUMENTS>,
  line: Line,
  scope: Scope,
): MemberModel {
  const address = memberAddress(args.address);
  const literal = address.unixPath !== undefined || isIP(address.host) !== 0;
  const { service, resolve = false } = args;
  if (service !== undefined) refuseService(service, resolve, args.address, literal);
  if (resolve && !literal)
    scope.http.resolved.push({ name: args.address, pool: scope.pool, site: line.args[0]! });
  return {
    name: args.address,
    ...address,
    weight: args.weight ?? 1,
    maxFails: args.max_fails ?? 1,
    failTimeoutMs: args.fail_timeout ?? 10_000,
    maxConns: args.max_conns ?? 0,
    backup: args.backup ?? false,
    down: args.down ?? false,
    drain: args.drain ?? false,
    resolve: resolve && !literal,
    service,
    route: args.route,
    slowStartMs: args.slow_start ?? 0,
  };
}

function refuseService(service: string, resolve: boolean, address: string, literal: boolean): void {
  if (service === '') throw new ArgumentFault('service= is empty');
  if (!resolve)
    throw new ArgumentFault(
      'service= needs the parameter "resolve"',
      'add resolve: SRV records come from a resolver',
    );
  if (literal) throw new ArgumentFault(`service= needs a name, and "${address}" is an address`);
  if (/:\d+$/.test(address))
    throw new ArgumentFault('service= goes with no port', 'the port is in the SRV record');
}
