/** Advertisements made of noise: nothing throws, nothing that is broken is taken, and what is taken can be sent again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AdmissionRules, admit, DROP_REASONS } from '../../cluster/vrrp/admit.ts';
import { encode, type Family, type Outgoing, type Version } from '../../cluster/vrrp/packet.ts';
import { addressBytes } from '../../kit/address-bytes.ts';

const ROUNDS = 40_000;

/** xorshift32, so that a failure can be had again. */
function lots(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomSent(draw: (below: number) => number): Outgoing {
  const version: Version = draw(2) ? 3 : 2;
  const family: Family = version === 3 && draw(2) ? 6 : 4;
  const width = family === 4 ? 4 : 16;
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => draw(256));
  return {
    version,
    family,
    vrid: 1 + draw(255),
    priority: draw(256),
    intervalMs: version === 2 ? 1000 * (1 + draw(255)) : 10 * (1 + draw(4095)),
    addresses: Array.from({ length: 1 + draw(255) }, () => bytes(width)),
    form: family === 4 && (version === 2 || draw(2)) ? 'plain' : 'pseudo-header',
    source: bytes(width),
    destination: addressBytes(family === 4 ? '224.0.0.18' : 'ff02::12'),
    password: version === 2 && draw(2) ? bytes(1 + draw(8)) : undefined,
  };
}

const rulesFor = (sent: Outgoing): AdmissionRules => ({
  ...{ version: sent.version, vrid: sent.vrid, family: sent.family, destination: sent.destination },
  ...{
    self: undefined,
    peers: undefined,
    intervalMs: sent.intervalMs,
    password: sent.password,
    strict: false,
  },
});

test('fuzz: what is sent is taken as it is', () => {
  const draw = lots(0x5eed);
  for (let round = 0; round < 2000; round++) {
    const sent = randomSent(draw);
    const { family, source, destination, version, vrid, priority, intervalMs, addresses } = sent;
    const got = admit({ family, source, destination, hops: 255, message: encode(sent) }, rulesFor(sent));
    assert.ok(typeof got === 'object', `round ${round}: ${got}`);
    const { form, ...rest } = got;
    assert.deepEqual(rest, { version, vrid, priority, intervalMs, addresses });
    // The two sums can agree by chance: then the form is the first that fits.
    if (form !== sent.form) assert.equal(form, 'pseudo-header');
  }
});

test('fuzz: one changed bit, a cut and noise are dropped for a known reason', () => {
  const draw = lots(0xbad5eed);
  let dropped = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = { ...randomSent(draw), addresses: [randomSent(draw).source].filter(Boolean) };
    const fit = sent.addresses.every(({ length }) => length === (sent.family === 4 ? 4 : 16));
    if (!fit) continue;
    const whole = encode(sent);
    const kind = draw(3);
    const message =
      kind === 0
        ? whole.map((byte, at) => (at === round % whole.length ? byte ^ (1 << draw(8)) : byte))
        : kind === 1
          ? whole.subarray(0, draw(whole.length))
          : Uint8Array.from({ length: draw(64) }, () => draw(256));
    const { family, source, destination } = sent;
    const got = admit({ family, source, destination, hops: 255, message }, rulesFor(sent));
    if (typeof got === 'object') continue; // noise may be right: one of 65536
    assert.ok(got in DROP_REASONS);
    dropped++;
  }
  assert.ok(dropped > ROUNDS / 4, `only ${dropped} were dropped`);
});

test('fuzz: one changed bit never passes the checksum', () => {
  const draw = lots(77);
  for (let round = 0; round < ROUNDS / 4; round++) {
    const sent = randomSent(draw);
    const message = encode(sent);
    const at = draw(message.length);
    message[at] = message[at]! ^ (1 << draw(8));
    const { family, source, destination } = sent;
    const got = admit({ family, source, destination, hops: 255, message }, rulesFor(sent));
    assert.equal(typeof got, 'string', `round ${round}, byte ${at}`);
  }
});
