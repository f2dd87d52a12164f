/** Pools: upstream and its members. */
import { ArgumentFault, arg } from '../argument.ts';
import { newPool, type PoolDraft } from '../draft.ts';
import type { Site } from '../lex.ts';
import { type Node, Parser } from '../parse.ts';
import { type Body, type Directive, defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { autoscale } from './upstream-autoscale.ts';
import { UPSTREAM_BALANCE } from './upstream-balance.ts';
import { discover } from './upstream-discover.ts';
import { UPSTREAM_KEEP } from './upstream-keep.ts';
import { MEMBER_ARGUMENTS, MEMBER_DOC, memberModel } from './upstream-member.ts';
import { checkOrder } from './upstream-order.ts';
import { UPSTREAM_STICKY } from './upstream-sticky.ts';

const upstream = defineBlock({
  name: 'upstream',
  context: ['http'],
  args: { name: arg.text('a name') },
  block: 'upstream',
  repeats: true,
  doc: { summary: 'A pool of servers.', example: 'upstream app { server 10.0.0.1:8080; }', since: '0.1' },
  compile({ name }, scope, body, line) {
    const key = name.toLowerCase();
    if (scope.http.pools.has(key)) throw new ArgumentFault(`the upstream "${name}" is already defined`);
    const pool = newPool(name);
    scope.http.pools.set(key, pool);
    body.open(scope.child('upstream', { pool }));
    checkOrder(body.rows, scope.faults);
    checkMembers(pool, body.rows, line.name, scope);
    if (pool.statePath) body.open(scope.child('upstream', { pool }), stateRows(pool.statePath, scope));
  },
});

/** Faults that only show when the whole block is read. */
function checkMembers(pool: PoolDraft, rows: Body['rows'], site: Site, scope: Scope): void {
  const hasServers = rows.some(row => row.name.text === 'server'); // faulty ones are told by themselves
  const discovers = rows.some(row => row.name.text === 'discover');
  if (!hasServers && !discovers && !pool.statePath)
    scope.faults.error(
      'empty-upstream',
      `no servers are inside upstream "${pool.name}"`,
      site,
      'add a server line, or discover',
    );
  else if (!discovers && pool.members.length > 0 && pool.members.every(member => member.backup))
    scope.faults.error(
      'empty-upstream',
      `upstream "${pool.name}" has backup servers only`,
      site,
      'remove "backup" from one of them',
    );
  if (pool.statePath && (hasServers || discovers))
    scope.faults.error(
      'value',
      `upstream "${pool.name}" has both ${hasServers ? 'server lines' : 'discover lines'} and a state file`,
      site,
      'with "state" the members are in its file',
    );
}

/** The lines of a state file: moat writes them itself. One that is not there yet stands for no members. */
function stateRows(path: string, { around, faults }: Scope): readonly Node[] {
  const { source, confDir } = around;
  if (source.glob(path).length === 0) return [];
  const rows = new Parser(source, confDir, faults).file(path);
  for (const { name } of rows.filter(row => row.name.text !== 'server'))
    faults.error(
      'misplaced',
      `"${name.text}" is not allowed in a state file`,
      name,
      'it holds server lines only',
    );
  return rows.filter(row => row.name.text === 'server');
}

const server = defineDirective({
  name: 'server',
  context: ['upstream'],
  repeats: true,
  args: MEMBER_ARGUMENTS,
  doc: {
    summary: 'A member of the pool.',
    args: MEMBER_DOC,
    example: 'server 10.0.0.1:8080 weight=2 max_fails=3;',
    differs:
      'A name that cannot be resolved does not keep moat from starting: the member is down until it can. resolve and max_conns need no zone.',
    since: '0.1',
  },
  compile(args, scope, line) {
    scope.pool.members.push(memberModel(args, line, scope));
  },
});

export const UPSTREAM: readonly Directive[] = [
  upstream,
  server,
  discover,
  autoscale,
  ...UPSTREAM_BALANCE,
  ...UPSTREAM_KEEP,
  ...UPSTREAM_STICKY,
];
