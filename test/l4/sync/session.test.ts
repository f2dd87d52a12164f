/** Two directors meet, lose packets, come back: the session without a network, on a wire that drops, doubles, turns round and repeats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../../../l4/sync/packet.ts';
import { type Refusal, Session } from '../../../l4/sync/session.ts';
import { lots } from '../schedulers/chooser.ts';

class Side {
  readonly taken: string[] = [];
  readonly refusals: Refusal[] = [];
  readonly out: { packet: Packet; path: number }[] = [];
  readonly session: Session;
  wishes = 0;

  constructor(world: World, name: string, paths: number) {
    this.session = new Session({
      nowMs: () => world.nowMs,
      token: () => name.charCodeAt(0).toString(16).repeat(4) + (++world.tokens).toString(16).padStart(8, '0'),
      send: packet => {
        for (let path = 0; path < paths; path++) this.out.push({ packet, path });
      },
      take: body => this.taken.push(Buffer.from(body).toString()),
      wanted: () => {
        this.wishes++;
        this.session.sendData(Buffer.from(`walked ${this.session.granted}`));
      },
    });
  }

  receive(packet: Packet, path: number): void {
    const refusal = this.session.receive(packet, path);
    if (refusal) this.refusals.push(refusal);
    for (const text of this.taken) {
      const wish = /^walked (\d+)$/.exec(text)?.[1];
      if (wish) this.session.walked(Number(wish));
    }
  }
}

class World {
  nowMs = 0;
  tokens = 0;
  a: Side;
  b: Side;
  readonly #paths: number;

  constructor(paths = 1) {
    this.#paths = paths;
    this.a = this.side('a');
    this.b = this.side('b');
  }

  side(name: string): Side {
    return new Side(this, name, this.#paths);
  }

  /** @param carry what becomes of a packet: how often it arrives */
  run(forMs: number, carry: (path: number) => number = () => 1): void {
    for (const end = this.nowMs + forMs; this.nowMs < end; this.nowMs += 10) {
      this.a.session.tick();
      this.b.session.tick();
      for (const [from, to] of [
        [this.a, this.b],
        [this.b, this.a],
      ] as const)
        for (const { packet, path } of from.out.splice(0))
          for (let times = carry(path); times > 0; times--) to.receive(packet, path);
    }
  }
}

const numbered = (side: Side) => side.taken.filter(text => /^\d+$/.test(text)).map(Number);

test('Session: two that start together meet once, and are in step', () => {
  const world = new World(2);
  world.run(1000);
  for (const { session, wishes, refusals } of [world.a, world.b]) {
    assert.ok(session.isInStep);
    assert.equal(session.figures().meetings, 1);
    assert.equal(wishes, 1);
    assert.deepEqual(refusals, []);
  }
});

test('Session: of two paths one may be dead; what comes by both is taken once', () => {
  const world = new World(2);
  world.run(500, path => (path === 0 ? 0 : 1));
  for (let at = 0; at < 100; at++) world.a.session.sendData(Buffer.from(`${at}`));
  world.run(500);
  assert.deepEqual(
    numbered(world.b),
    Array.from({ length: 100 }, (_, at) => at),
  );
  assert.equal(world.b.session.figures().copies, 100);
  assert.deepEqual(world.b.refusals, []);
});

test('Session: every third packet is lost, and all arrive', () => {
  const draw = lots(1);
  const world = new World();
  const lossy = () => (draw() < 0.33 ? 0 : 1);
  world.run(2000, lossy);
  assert.ok(world.a.session.isMet);
  for (let at = 0; at < 2000; at++) {
    world.a.session.sendData(Buffer.from(`${at}`));
    if (at % 100 === 0) world.run(10, lossy);
  }
  world.run(5000, lossy);
  assert.deepEqual(
    numbered(world.b).sort((x, y) => x - y),
    Array.from({ length: 2000 }, (_, at) => at),
  );
  assert.ok(world.b.session.figures().repairsAsked > 0 && world.a.session.figures().packetsResent > 0);
  assert.ok(world.b.session.isInStep);
  assert.equal(world.b.session.figures().lost, 0);
});

test('Session: what is missing and forgotten is had by a new snapshot', () => {
  const world = new World();
  world.run(500);
  for (let at = 0; at < 6000; at++) world.a.session.sendData(Buffer.from(`${at}`));
  world.a.out.length = 0;
  world.run(2000);
  assert.ok(world.b.session.isInStep);
  assert.ok(world.b.session.figures().lost > 0);
  assert.equal(world.a.wishes, 2);
});

test('Session: who is started anew is met anew, and gets all', () => {
  const world = new World(2);
  world.run(500);
  const old = world.a;
  world.a = world.side('a');
  world.run(2000);
  assert.ok(world.a.session.isInStep && world.b.session.isInStep);
  assert.equal(world.b.session.figures().meetings, 2);
  assert.equal(world.a.session.figures().meetings, 1);
  assert.ok(!old.session.isInStep);
});

test('Session: whatever is repeated from an earlier meeting, or from this one, changes nothing', () => {
  const world = new World();
  const recorded: Packet[] = [];
  const original = world.b.receive.bind(world.b);
  world.b.receive = (packet, path) => {
    recorded.push(packet);
    original(packet, path);
  };
  world.run(300);
  world.a.session.sendData(Buffer.from('1'));
  world.run(300);
  world.a = world.side('a');
  world.run(2000);
  world.a.session.sendData(Buffer.from('2'));
  world.run(300);
  assert.ok(world.b.session.isInStep);
  const before = { taken: [...world.b.taken], figures: world.b.session.figures() };
  for (const packet of [...recorded]) original(packet, 0);
  assert.deepEqual(world.b.taken, before.taken);
  assert.equal(world.b.session.figures().meetings, before.figures.meetings);
  assert.ok(world.b.refusals.includes('stale') && world.b.refusals.includes('replayed'));
  world.run(500);
  assert.ok(world.a.session.isInStep && world.b.session.isInStep);
  assert.equal(world.b.session.figures().meetings, before.figures.meetings);
});

test('Session: repeated hellos do not make a dead one live', () => {
  const world = new World();
  const recorded: Packet[] = [];
  const original = world.b.receive.bind(world.b);
  world.b.receive = (packet, path) => {
    recorded.push(packet);
    original(packet, path);
  };
  world.run(500);
  for (let atMs = 0; atMs < 3000; atMs += 100) {
    world.nowMs += 100;
    for (const packet of recorded) original(packet, 0);
  }
  assert.ok(!world.b.session.isMet);
});

test('Session: bodies that say nonsense are refused', () => {
  const world = new World();
  world.run(500);
  const hello = world.a.session;
  assert.ok(hello.isMet);
  let last: Packet | undefined;
  const original = world.b.receive.bind(world.b);
  world.b.receive = (packet, path) => {
    last = packet;
    original(packet, path);
  };
  world.run(200);
  for (const kind of ['hello', 'repair', 'gone'] as const)
    for (const length of [0, 1, 15, 17, 16 * 40])
      world.b.receive({ ...last!, kind, body: new Uint8Array(length).fill(255) }, 0);
  world.b.receive({ ...last!, kind: 'data', sequence: 0, body: new Uint8Array() }, 0);
  assert.equal(world.b.refusals.filter(one => one === 'malformed').length, 16);
});
