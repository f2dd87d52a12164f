/** Configuration and conditions to tables, and the way from one set of tables to the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesBetween } from '../../l4/changes.ts';
import { compileTables, releaseReals } from '../../l4/compile.ts';
import type { Conditions, RealCondition } from '../../l4/condition.ts';
import type { PeerReal } from '../../l4/peer-reals.ts';
import type { L4Tables, TableChange } from '../../l4/tables.ts';
import { checkText, faultsOf } from '../config/check-text.ts';

/** The tables of the lines inside an l4 block. */
function tablesOf(lines: string, before?: L4Tables, conditions: Conditions = new Map()): L4Tables {
  const checked = checkText(`l4 { ${lines} }`);
  assert.deepEqual(faultsOf(checked), []);
  return compileTables(checked.model!.l4!, { before, conditions, drawnSecret: 'drawn' });
}

const NAME = '192.0.2.1:80 tcp';
const service = (inside: string) => `virtual_server ${NAME} { ${inside} }`;
const ALIVE: RealCondition = { alive: true, weight: undefined, drain: 'no' };

const known = (reals: Record<string, Partial<RealCondition>>, quorum = true): Conditions =>
  new Map([
    [
      NAME,
      { quorum, reals: new Map(Object.entries(reals).map(([name, part]) => [name, { ...ALIVE, ...part }])) },
    ],
  ]);

/** `address weight intake fate` of each real server. */
const standings = ({ services, leaving }: L4Tables) =>
  [...services.flatMap(({ reals }) => reals), ...leaving].map(
    ({ address, weight, intake, fate }) => `${address} ${weight} ${intake} ${fate}`,
  );

const TWO = 'real_server 10.0.0.1 weight=2; real_server 10.0.0.2;';

/** Lines of the service, what is known, what becomes of the real servers. */
const STANDINGS: Record<string, readonly [string, Conditions, string[]]> = {
  'all live': [TWO, known({}), ['10.0.0.1 2 all forward', '10.0.0.2 1 all forward']],
  'a dead one is reset': [
    TWO,
    known({ '10.0.0.1': { alive: false } }),
    ['10.0.0.1 0 none rst', '10.0.0.2 1 all forward'],
  ],
  'a dead one is left for another': [
    `${TWO} on_dead reselect;`,
    known({ '10.0.0.1': { alive: false } }),
    ['10.0.0.1 0 none reselect', '10.0.0.2 1 all forward'],
  ],
  'one that only this director finds dead keeps what it has': [
    TWO,
    known({ '10.0.0.1': { alive: false, isContested: true } }),
    ['10.0.0.1 0 none forward', '10.0.0.2 1 all forward'],
  ],
  'a dead one is kept': [
    `${TWO} on_dead keep;`,
    known({ '10.0.0.1': { alive: false } }),
    ['10.0.0.1 0 none forward', '10.0.0.2 1 all forward'],
  ],
  'a dead one is inhibited': [
    `${TWO} inhibit on;`,
    known({ '10.0.0.1': { alive: false } }),
    ['10.0.0.1 0 none forward', '10.0.0.2 1 all forward'],
  ],
  'a check gives a weight': [
    TWO,
    known({ '10.0.0.1': { weight: 7 } }),
    ['10.0.0.1 7 all forward', '10.0.0.2 1 all forward'],
  ],
  'one of weight 0 keeps what it has': [
    'real_server 10.0.0.1 weight=0; real_server 10.0.0.2;',
    known({}),
    ['10.0.0.1 0 none forward', '10.0.0.2 1 all forward'],
  ],
  'one that drains keeps what it has': [
    'real_server 10.0.0.1 drain; real_server 10.0.0.2;',
    new Map(),
    ['10.0.0.1 0 none forward', '10.0.0.2 1 all forward'],
  ],
  'one that drains keeps persistent clients where it says so': [
    'drain 1m keep_persistent; real_server 10.0.0.1 drain; real_server 10.0.0.2;',
    new Map(),
    ['10.0.0.1 0 persistent forward', '10.0.0.2 1 all forward'],
  ],
  'one that drained for too long is treated as dead': [
    TWO,
    known({ '10.0.0.1': { drain: 'over' } }),
    ['10.0.0.1 0 none rst', '10.0.0.2 1 all forward'],
  ],
  'one that is down': [
    'real_server 10.0.0.1 down; real_server 10.0.0.2;',
    known({}),
    ['10.0.0.1 0 none rst', '10.0.0.2 1 all forward'],
  ],
  'the sorry server waits': [
    `${TWO} sorry_server 10.0.0.9;`,
    known({}),
    ['10.0.0.1 2 all forward', '10.0.0.2 1 all forward', '10.0.0.9 0 none forward'],
  ],
  'the sorry server has all new flows when the quorum is lost': [
    `${TWO} quorum 2; sorry_server 10.0.0.9;`,
    known({ '10.0.0.1': { alive: false } }, false),
    ['10.0.0.1 0 none rst', '10.0.0.2 1 none forward', '10.0.0.9 1 all forward'],
  ],
  'without a sorry server those that live go on when the quorum is lost': [
    `${TWO} quorum 2;`,
    known({ '10.0.0.1': { alive: false } }, false),
    ['10.0.0.1 0 none rst', '10.0.0.2 1 all forward'],
  ],
};

for (const [what, [lines, conditions, expected]] of Object.entries(STANDINGS))
  test(`compileTables: ${what}`, () => {
    assert.deepEqual(standings(tablesOf(service(lines), undefined, conditions)), expected);
  });

test('compileTables: ranges become endpoints, over the end of an octet too', () => {
  const [first] = tablesOf(
    'virtual_server 192.0.2.255-192.0.3.0:80-81 udp { real_server 10.0.0.1; }',
  ).services;
  assert.deepEqual(
    first?.endpoints.map(({ address, port, protocol }) => `${address}:${port} ${protocol}`),
    ['192.0.2.255:80 udp', '192.0.2.255:81 udp', '192.0.3.0:80 udp', '192.0.3.0:81 udp'],
  );
  const [six] = tablesOf(
    'virtual_server [2001:db8::ffff:ffff-2001:db8::1:0:0]:* tcp { real_server 2001:db8::1; }',
  ).services;
  assert.deepEqual(
    six?.endpoints.map(({ address, port }) => `${address} ${port}`),
    ['2001:db8::ffff:ffff 0', '2001:db8::1:0:0 0'],
  );
});

test('compileTables: the secret keys the rings, and what is drawn does where there is none', () => {
  const keyOf = (secret: string) =>
    Buffer.from(tablesOf(`${secret} ${service(TWO)}`).settings.hashKey).toString('hex');
  assert.equal(keyOf('hash_secret 0123456789abcdef;'), keyOf('hash_secret 0123456789abcdef;'));
  assert.notEqual(keyOf('hash_secret 0123456789abcdef;'), keyOf(''));
  assert.equal(keyOf('').length, 32);
});

const kinds = (changes: readonly TableChange[]) => changes.map(({ kind }) => kind);

test('changesBetween: nothing is changed where nothing changed', () => {
  const lines = `${service(`scheduler mh; persistence 5m; ${TWO}`)} deny 10.9.0.0/16;`;
  const before = tablesOf(lines);
  assert.deepEqual(changesBetween(before, tablesOf(lines, before)), []);
});

test('changesBetween: the first tables come whole, what is named before what names it', () => {
  assert.deepEqual(kinds(changesBetween(undefined, tablesOf(service(TWO)))), [
    'put-settings',
    'put-real',
    'put-real',
    'put-selection',
    'put-service',
    'put-endpoint',
  ]);
});

test('changesBetween: a weight touches its real server and one ring, of a hundred services', () => {
  const lines = (weight: number) =>
    Array.from({ length: 100 }, (_, at) => {
      const own = at === 50 ? weight : 2;
      return `virtual_server 192.0.2.1:${1000 + at} tcp { scheduler mh; real_server 10.0.0.1 weight=${own}; real_server 10.0.0.2 weight=2; real_server 10.0.0.3 weight=2; }`;
    }).join(' ');
  const before = tablesOf(lines(2));
  const after = tablesOf(lines(1), before);
  const changes = changesBetween(before, after);
  assert.deepEqual(kinds(changes), ['put-real', 'put-selection']);
  const [real, selection] = changes;
  assert.ok(real?.kind === 'put-real' && real.real.fate === 'forward' && real.real.address === '10.0.0.1');
  assert.ok(selection?.kind === 'put-selection' && selection.changedSlots > 0);
  const slots =
    before.services[50]!.selection.kind === 'ring' ? before.services[50]!.selection.slots.length : 0;
  assert.ok(selection.changedSlots < slots / 4, `${selection.changedSlots} of ${slots} slots changed`);
});

test('changesBetween: a scheduler that compares loads is given a weight, and no new selection', () => {
  const before = tablesOf(service(`scheduler wlc; ${TWO}`));
  const after = tablesOf(
    service('scheduler wlc; real_server 10.0.0.1 weight=9; real_server 10.0.0.2;'),
    before,
  );
  assert.deepEqual(kinds(changesBetween(before, after)), ['put-real']);
});

test('compileTables: numbers stay over reloads, whatever the order of lines', () => {
  const other = 'virtual_server 192.0.2.1:81 tcp { real_server 10.0.0.1; }';
  const before = tablesOf(`${service(TWO)} ${other}`);
  const swapped = `virtual_server 192.0.2.1:81 tcp { real_server 10.0.0.1; } ${service('real_server 10.0.0.2; real_server 10.0.0.1 weight=2;')}`;
  const after = tablesOf(swapped, before);
  const numbers = (tables: L4Tables) =>
    tables.services
      .flatMap(({ id, endpoints, reals }) =>
        reals.map(real => `${endpoints[0]!.port} ${id} ${real.address} ${real.id}`),
      )
      .sort();
  assert.deepEqual(numbers(after), numbers(before));
});

test('compileTables: a service keeps its number when it gets another address', () => {
  const before = tablesOf(service(TWO));
  const after = tablesOf(`virtual_server 192.0.2.1:443 192.0.2.1:80 tcp { ${TWO} }`, before);
  assert.equal(after.services[0]!.id, before.services[0]!.id);
  assert.deepEqual(kinds(changesBetween(before, after)), ['put-service', 'put-endpoint']);
});

test('compileTables: a removed real server leaves by the policy, and its number is taken until it has left', () => {
  const before = tablesOf(service(TWO));
  const gone = before.services[0]!.reals[0]!;
  const after = tablesOf(service('real_server 10.0.0.2; real_server 10.0.0.3;'), before);
  assert.deepEqual(standings(after), [
    '10.0.0.2 1 all forward',
    '10.0.0.3 1 all forward',
    '10.0.0.1 0 none rst',
  ]);
  assert.ok(after.services[0]!.reals.every(({ id }) => id !== gone.id));
  assert.ok(!kinds(changesBetween(before, after)).includes('drop-real'));
  const left = releaseReals(after, new Set([gone.id]));
  assert.deepEqual(changesBetween(after, left), [{ kind: 'drop-real', id: gone.id }]);
  const next = tablesOf(service('real_server 10.0.0.2; real_server 10.0.0.3; real_server 10.0.0.4;'), left);
  assert.equal(next.services[0]!.reals[2]!.id, gone.id);
});

test('compileTables: a removed real server that comes back is the one it was', () => {
  const before = tablesOf(service(TWO));
  const without = tablesOf(service('real_server 10.0.0.2;'), before);
  const again = tablesOf(service(TWO), without);
  assert.deepEqual(again, before);
});

test('changesBetween: a removed service loses its endpoints before its number', () => {
  const before = tablesOf(`${service(TWO)} virtual_server 192.0.2.1:81 tcp { real_server 10.0.0.1; }`);
  const after = tablesOf(service(TWO), before);
  assert.deepEqual(kinds(changesBetween(before, after)), ['put-real', 'drop-endpoint', 'drop-service']);
});

test('changesBetween: an endpoint that moves to another service is put, not dropped', () => {
  const before = tablesOf(`virtual_server 192.0.2.1:80 192.0.2.1:81 tcp { ${TWO} }`);
  const after = tablesOf(
    `virtual_server 192.0.2.1:80 tcp { ${TWO} } virtual_server 192.0.2.1:81 tcp { ${TWO} }`,
    before,
  );
  const moves = changesBetween(before, after).filter(({ kind }) => kind.endsWith('endpoint'));
  assert.equal(moves.length, 1);
  assert.ok(moves[0]?.kind === 'put-endpoint' && moves[0].endpoint.port === 81);
});

const elsewhere = (lines: string, told: readonly PeerReal[], before?: L4Tables) => {
  const checked = checkText(`l4 { ${service(lines)} }`);
  assert.deepEqual(faultsOf(checked), []);
  const peer = new Map([['tcp 192.0.2.1 80', told]]);
  return compileTables(checked.model!.l4!, { before, conditions: new Map(), drawnSecret: 'drawn', peer });
};
const there = (last: number, weight: number): PeerReal => ({
  ...{ address: `10.0.0.${last}`, port: 0, alive: weight > 0, weight },
});

test('compileTables: the ring of the other director is there when it has other real servers, and is what it has', () => {
  const lines = `scheduler mh; ${TWO}`;
  assert.equal(elsewhere(lines, [there(1, 2), there(2, 1)]).services[0]!.elsewhere, undefined);
  const [one] = elsewhere(lines, [there(1, 2), there(2, 0)]).services;
  assert.deepEqual(new Set(one!.elsewhere), new Set([one!.reals[0]!.id]));
  const [none] = elsewhere(lines, [there(1, 0), there(2, 0)]).services;
  assert.equal(none!.elsewhere?.length, 0);
  // Weights as they are there, and one that nobody knows here.
  const [other] = elsewhere(lines, [there(1, 1), there(2, 1), there(3, 1)]).services;
  const counts = Map.groupBy(other!.elsewhere!, id => id);
  const share = 4093 / 3;
  for (const id of [0, ...other!.reals.map(real => real.id)])
    assert.ok(Math.abs(counts.get(id)!.length - share) < 2, `${id}`);
  const ours = tablesOf(service(lines)).services[0]!.selection;
  const [same] = elsewhere(`scheduler mh; real_server 10.0.0.1 weight=2;`, [
    there(1, 2),
    there(2, 1),
  ]).services;
  assert.deepEqual(
    same!.elsewhere!.map(id => (id === 0 ? 2 : 1)),
    'slots' in ours ? ours.slots.map(id => (id === one!.reals[0]!.id ? 1 : 2)) : undefined,
  );
});

test('compileTables: where the moment decides, or nothing was told, there is no other ring', () => {
  assert.equal(elsewhere(`scheduler wlc; ${TWO}`, [there(1, 2)]).services[0]!.elsewhere, undefined);
  assert.equal(tablesOf(service(`scheduler mh; ${TWO}`)).services[0]!.elsewhere, undefined);
});

test('changesBetween: the ring of the other director is put when it is another one, and taken away when it is ours', () => {
  const lines = `scheduler mh; ${TWO}`;
  const before = elsewhere(lines, [there(1, 2), there(2, 1)]);
  const differs = elsewhere(lines, [there(1, 2), there(2, 0)], before);
  assert.deepEqual(kinds(changesBetween(before, differs)), ['put-elsewhere']);
  assert.deepEqual(changesBetween(differs, elsewhere(lines, [there(1, 2), there(2, 0)], differs)), []);
  const [back] = changesBetween(differs, elsewhere(lines, [there(1, 2), there(2, 1)], differs));
  assert.ok(back?.kind === 'put-elsewhere' && back.slots === undefined);
});
