/** Heartbeats on the wire: forged, truncated, replayed, mirrored and moved ones are refused, each for its reason. */
import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { NOBODY, type Packet, seal, unseal, VERSION } from '../../../cluster/heartbeat/packet.ts';
import { readSays } from '../../../cluster/heartbeat/says.ts';
import { Session } from '../../../cluster/heartbeat/session.ts';

const KEY = createSecretKey(Buffer.from('a key for tests only'));
const OTHER_KEY = createSecretKey(Buffer.from('another key for tests'));
const ROUTE = { source: '10.0.0.1', destination: '10.0.0.2' };
const PACKET: Packet = {
  ...{
    kind: 'beat',
    from: '0123456789abcdef',
    to: 'fedcba9876543210',
    stampUs: 5_000_000,
    echoUs: 4_000_000,
  },
  body: { node: 'lb1' },
};

describe('a heartbeat', () => {
  test('is what was sent', () => {
    assert.deepEqual(unseal(seal(PACKET, ROUTE, KEY), ROUTE, KEY), PACKET);
  });

  test('each bit of it is sealed, and so are its addresses', () => {
    const sealed = seal(PACKET, ROUTE, KEY);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      const got = unseal(bent, ROUTE, KEY);
      assert.equal(got, bit < 32 ? 'not-ours' : 'forged', `bit ${bit}`);
    }
    assert.equal(unseal(sealed, { ...ROUTE, source: '10.1.0.1' }, KEY), 'forged');
    assert.equal(unseal(sealed, ROUTE, OTHER_KEY), 'forged');
  });

  test('a part of it, another version, and numbers beyond reason are refused', () => {
    const sealed = seal(PACKET, ROUTE, KEY);
    for (let length = 0; length < sealed.length; length++)
      assert.equal(typeof unseal(sealed.subarray(0, length), ROUTE, KEY), 'string', `${length} bytes`);
    assert.equal(unseal(seal(PACKET, ROUTE, KEY, VERSION + 1), ROUTE, KEY), 'version');
    assert.equal(unseal(seal({ ...PACKET, stampUs: 2 ** 60 }, ROUTE, KEY), ROUTE, KEY), 'malformed');
  });

  test('what a node says is read as a whole, or not at all', () => {
    const says = {
      ...{ node: 'lb1', revision: 'x', timeoutMs: 300, witness: '', healthy: true, leaves: false },
      instances: [{ name: 'VI_1', state: 'active', priority: 150, wants: false }],
    };
    assert.deepEqual(readSays(says), { ...says, fenceMs: undefined, inSync: undefined });
    assert.equal(readSays({ ...says, fenceMs: 5 })?.fenceMs, 5);
    for (const fenceMs of [-1, '5', null]) assert.equal(readSays({ ...says, fenceMs })?.fenceMs, undefined);
    const wrong: unknown[] = [null, 1, 'x', [], {}, { ...says, node: 1 }, { ...says, instances: {} }];
    wrong.push({ ...says, instances: [{ ...says.instances[0], state: 'master' }] });
    wrong.push({ ...says, instances: Array.from({ length: 513 }, () => says.instances[0]) });
    for (const body of wrong) assert.equal(readSays(body), undefined, JSON.stringify(body)?.slice(0, 80));
  });
});

describe('a session of heartbeats', () => {
  /** Two that have met; what the second one sends to the first. */
  function met() {
    const [a, b] = [new Session(), new Session()];
    let nowUs = 1_000_000;
    const next = (session: Session): Packet => ({ kind: 'beat', body: {}, ...session.next((nowUs += 1000)) });
    assert.equal(b.take(next(a), 0, true), 'greeting');
    assert.equal(a.take(next(b), 0, true), 'fresh');
    assert.equal(b.take(next(a), 0, true), 'fresh');
    return { a, b, next };
  }

  test('a packet is taken once by each path, and none that is older', () => {
    const { a, b, next } = met();
    const [first, second] = [next(b), next(b)];
    assert.equal(a.take(second, 0, false), 'fresh');
    assert.equal(a.take(second, 0, false), 'replayed');
    assert.equal(a.take(first, 0, false), 'replayed');
    assert.equal(a.take(second, 1, false), 'fresh');
    assert.equal(a.take(second, 1, false), 'replayed');
  });

  test('our own come back as mirrored, and an echo of what was never sent is refused', () => {
    const { a, b, next } = met();
    assert.equal(a.take(next(a), 0, false), 'mirrored');
    assert.equal(a.take({ ...next(b), echoUs: 9e12 }, 0, false), 'replayed');
  });

  test('a new life of the other one is met when the old one is silent, or when it answers; then the old one is over', () => {
    const { a, b, next } = met();
    const reborn = new Session();
    const hello = next(reborn);
    assert.equal(hello.to, NOBODY);
    assert.equal(a.take(hello, 0, false), 'old-session');
    assert.equal(reborn.take(next(a), 0, true), 'greeting');
    assert.equal(a.take(next(reborn), 0, false), 'fresh');
    assert.equal(a.take(next(b), 0, true), 'replayed');
  });

  test('records of an earlier life of ours prove nothing', () => {
    const { b, next } = met();
    const recorded = next(b);
    const reborn = new Session();
    assert.equal(reborn.take(recorded, 0, true), 'greeting');
    assert.equal(reborn.take(recorded, 0, true), 'replayed');
  });
});
