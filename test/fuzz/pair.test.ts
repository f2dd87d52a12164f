/** What two nodes say to each other, by one who has the key and says anything: nothing throws, grows without bound, or is believed by halves. */
import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { readView } from '../../cluster/heartbeat/incidents.ts';
import { type Packet as Beat, NOBODY, unseal as unsealBeat } from '../../cluster/heartbeat/packet.ts';
import { readSays } from '../../cluster/heartbeat/says.ts';
import { Session as BeatSession, REFUSALS } from '../../cluster/heartbeat/session.ts';
import { KINDS, type Packet, unseal } from '../../l4/sync/packet.ts';
import { Session } from '../../l4/sync/session.ts';
import { Dice } from './requests.ts';

const ROUNDS = 20_000;
const KEY = createSecretKey(Buffer.from('a key for tests only'));
const ROUTE = { source: '10.0.0.1', destination: '10.0.0.2' };
/** Packets that are asked for at once, and a little. */
const ANSWERS_MOST = 600;

const noise = (dice: Dice, most: number) =>
  Buffer.from(Uint8Array.from({ length: dice.below(most) }, () => dice.below(256)));
/** Small ones, one off from them, and beyond all reason. */
const numberOf = (dice: Dice): number =>
  dice.pick([dice.below(20), dice.below(6000), 2 ** 32 + dice.below(3), Number.MAX_SAFE_INTEGER]);

function bodyOf(dice: Dice): Buffer {
  if (dice.below(3) === 0) return noise(dice, 80);
  if (dice.below(2) === 0) {
    const hello = Buffer.alloc(18);
    hello.writeUInt8(dice.below(2));
    hello.writeUInt32BE(dice.below(10), 2);
    hello.writeBigUInt64BE(BigInt(numberOf(dice)), 6);
    hello.writeUInt32BE(dice.below(ROUNDS), 14);
    return hello;
  }
  const ranges = Buffer.alloc(16 * (1 + dice.below(34)));
  for (let at = 0; at < ranges.length; at += 8) ranges.writeBigUInt64LE(BigInt(numberOf(dice)), at);
  return ranges;
}

test('fuzz: flow sync: a peer that says anything is taken at its word or refused, and its word costs little', () => {
  const dice = new Dice(0x5eed);
  const tokens = ['a'.repeat(16), 'b'.repeat(16), '0'.repeat(16)];
  const refused: Record<string, number> = {};
  let nowMs = 0;
  let answers = 0;
  const session = new Session({
    nowMs: () => nowMs,
    send: ({ from, to }: Packet) => {
      answers++;
      for (const token of [from, to]) if (!tokens.includes(token)) tokens.push(token);
      if (tokens.length > 8) tokens.splice(3, 1);
    },
    take: () => {},
    wanted: () => {},
  });
  for (let round = 0; round < ROUNDS; round++) {
    nowMs += dice.below(20);
    answers = 0;
    const packet: Packet = {
      ...{ kind: dice.pick(KINDS), from: dice.pick(tokens), to: dice.pick(tokens) },
      ...{ sequence: numberOf(dice), body: bodyOf(dice) },
    };
    const refusal = session.receive(packet, dice.below(2));
    if (refusal) refused[refusal] = (refused[refusal] ?? 0) + 1;
    if (dice.below(4) === 0) session.tick();
    while (session.hasRoom && dice.below(3) > 0) session.sendData(Buffer.alloc(4));
    const { missing, unconfirmed } = session.figures();
    assert.ok(missing >= 0 && missing <= 4096, `round ${round}: ${missing} are missing`);
    assert.ok(unconfirmed >= 0 && unconfirmed <= 1024, `round ${round}: ${unconfirmed} are not confirmed`);
    assert.ok(answers <= ANSWERS_MOST, `round ${round}: ${answers} answers`);
  }
  assert.deepEqual(Object.keys(refused).sort(), ['malformed', 'replayed', 'stale']);
  assert.ok(session.figures().meetings > 10, 'it was met');
});

test('fuzz: heartbeats: a peer that says anything is heard or refused for a known reason', () => {
  const dice = new Dice(0xbea7);
  const session = new BeatSession();
  const others = ['a'.repeat(16), 'b'.repeat(16), NOBODY];
  const found = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { stampUs } = session.next(round);
    const packet: Beat = {
      ...{
        kind: 'beat',
        from: dice.pick([session.token, ...others]),
        to: dice.pick([session.token, ...others]),
      },
      ...{
        stampUs: dice.pick([stampUs, round, numberOf(dice)]),
        echoUs: dice.pick([0, stampUs, numberOf(dice)]),
      },
      body: {},
    };
    found.add(session.take(packet, dice.below(3), dice.below(8) === 0));
  }
  for (const one of found) assert.ok(one === 'fresh' || one === 'greeting' || one in REFUSALS, one);
  for (const one of ['fresh', 'greeting', 'mirrored', 'replayed', 'old-session'])
    assert.ok(found.has(one), one);
});

test('fuzz: bytes that nobody has sealed are refused by both', () => {
  const dice = new Dice(77);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = noise(dice, 120);
    if (dice.below(2) && bytes.length > 8) bytes.write(dice.below(2) ? 'MOFS' : 'MOHB', 'latin1');
    assert.equal(typeof unseal(bytes, KEY), 'string');
    assert.equal(typeof unsealBeat(bytes, ROUTE, KEY), 'string');
  }
});

/** Something like JSON, near to what is expected. */
function anyValue(dice: Dice, depth: number): unknown {
  const flat = [null, true, false, 0, -1, 1.5, 1e300, '', 'active', 'silent', 'x'.repeat(300)];
  if (depth === 0 || dice.below(2)) return dice.pick(flat);
  if (dice.below(2)) return Array.from({ length: dice.below(4) }, () => anyValue(dice, depth - 1));
  return Object.fromEntries(
    ['name', 'state', 'atMs', 'what']
      .filter(() => dice.below(2))
      .map(key => [key, anyValue(dice, depth - 1)]),
  );
}

test('fuzz: what a node says, and saw, is read as a whole or not at all', () => {
  const dice = new Dice(9);
  const says = {
    ...{
      node: 'lb1',
      revision: 'x',
      timeoutMs: 300,
      witness: '',
      inSync: true,
      healthy: true,
      leaves: false,
    },
    instances: [{ name: 'VI_1', state: 'active', priority: 150, wants: false }],
  };
  const view = { node: 'lb1', startedAtMs: 1, endedAtMs: 2, how: 'deaf', events: [{ atMs: 1, what: 'it' }] };
  let kept = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const mutate = (body: object) =>
      Object.fromEntries(
        Object.entries(body).flatMap(([key, value]): [string, unknown][] => {
          const lot = dice.below(12);
          return lot === 0 ? [] : [[key, lot === 1 ? anyValue(dice, 3) : value]];
        }),
      );
    const read = readSays(mutate(says));
    if (read) {
      kept++;
      assert.ok(typeof read.timeoutMs === 'number' && read.node.length <= 256);
      for (const { state, priority } of read.instances)
        assert.equal(`${typeof state} ${typeof priority}`, 'string number');
    }
    const seen = readView(mutate(view));
    for (const { atMs, what } of seen?.events ?? [])
      assert.equal(`${typeof atMs} ${typeof what}`, 'number string');
  }
  assert.ok(kept > ROUNDS / 4 && kept < ROUNDS, `${kept} were taken`);
});
