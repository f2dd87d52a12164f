/** How a pool chooses among its members. */
import type { BalanceMethod, BalanceModel } from '#model/l7/upstream.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

function choose(scope: Scope, method: BalanceMethod, also: Partial<BalanceModel> = {}): void {
  scope.pool.balance = { method, key: undefined, by: 'connections', inflight: false, ...also };
}

const leastConn = defineDirective({
  name: 'least_conn',
  context: ['upstream'],
  args: {},
  doc: {
    summary: 'Chooses the member with the fewest requests in flight for its weight; equals take turns.',
    example: 'least_conn;',
    since: '0.1',
  },
  compile: (_, scope) => choose(scope, 'least-conn'),
});

const ipHash = defineDirective({
  name: 'ip_hash',
  context: ['upstream'],
  args: {},
  doc: {
    summary: "Chooses by the client's address: the first three bytes of IPv4, all of IPv6.",
    example: 'ip_hash;',
    since: '0.1',
  },
  compile: (_, scope) => choose(scope, 'ip-hash'),
});

const hash = defineDirective({
  name: 'hash',
  context: ['upstream'],
  args: { key: arg.template(), consistent: arg.oneOf(['consistent']).optional() },
  doc: {
    summary:
      'Chooses by a key; every key goes where nginx would send it. With consistent few keys move when members come or go.',
    example: 'hash $request_uri consistent;',
    since: '0.1',
  },
  compile: ({ key, consistent }, scope) => choose(scope, consistent ? 'hash-consistent' : 'hash', { key }),
});

const BY = {
  least_conn: 'connections',
  'least_time=header': 'header',
  'least_time=last_byte': 'last-byte',
} as const;

const random = defineDirective({
  name: 'random',
  context: ['upstream'],
  args: {
    two: arg.oneOf(['two']).optional(),
    by: arg.oneOf(['least_conn', 'least_time=header', 'least_time=last_byte']).optional(),
  },
  doc: {
    summary: 'Chooses by lot, with the weights as chances; with two the less busy one of two is taken.',
    example: 'random two least_time=last_byte;',
    since: '0.1',
  },
  compile({ two, by = 'least_conn' }, scope) {
    choose(scope, two ? 'random-two' : 'random', { by: BY[by] });
  },
});

const leastTime = defineDirective({
  name: 'least_time',
  context: ['upstream'],
  args: { by: arg.oneOf(['header', 'last_byte']), inflight: arg.oneOf(['inflight']).optional() },
  doc: {
    summary:
      'Chooses the member that would be done first, by the average time to the head or the last byte of its answers and its requests in flight. inflight counts those that are not answered yet too.',
    example: 'least_time header;',
    since: '0.1',
  },
  compile({ by, inflight }, scope) {
    choose(scope, 'least-time', {
      by: by === 'header' ? 'header' : 'last-byte',
      inflight: inflight !== undefined,
    });
  },
});

const balance = defineDirective({
  name: 'balance',
  context: ['upstream'],
  args: {
    method: arg.oneOf(['round_robin', 'maglev', 'ewma']),
    key: arg.template('a key with variables').optional(),
  },
  doc: {
    summary: 'Chooses in one of the ways that nginx does not have.',
    args: {
      method:
        'maglev: by a key, with even shares, and few keys move when members come or go. ewma: the least expected wait, by an average that rises at once and falls slowly. round_robin: turns, which hold without this line.',
      key: 'For maglev.',
    },
    example: 'balance maglev $cookie_user;',
    since: '0.1',
  },
  compile({ method, key }, scope) {
    if (method !== 'maglev' && key !== undefined) throw new ArgumentFault(`${method} takes no key`);
    if (method === 'round_robin') return choose(scope, 'round-robin');
    if (method === 'ewma') return choose(scope, 'ewma');
    choose(scope, 'maglev', { key: needKey(key) });
  },
});

function needKey(key: Template | undefined): Template {
  if (key === undefined) throw new ArgumentFault('maglev needs a key', 'as in balance maglev $request_uri;');
  return key;
}

export const UPSTREAM_BALANCE = [leastConn, ipHash, hash, random, leastTime, balance];
