/** Advertisements made of noise: nothing throws, nothing that is broken is taken, and what is taken can be sent again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AdmissionRules, admit, DROP_REASONS } from '../../cluster/vrrp/admit.ts';
import { encode, type Family, type Outgoing, type Version } from '../../cluster/vrrp/packet.ts';
import { addressBytes } from '../../kit/address-bytes.ts';
import { Dice } from './requests.ts';

const ROUNDS = 40_000;

function randomSent(dice: Dice): Outgoing {
  const version: Version = dice.below(2) ? 3 : 2;
  const family: Family = version === 3 && dice.below(2) ? 6 : 4;
  const width = family === 4 ? 4 : 16;
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => dice.below(256));
  return {
    version,
    family,
    vrid: 1 + dice.below(255),
    priority: dice.below(256),
    intervalMs: version === 2 ? 1000 * (1 + dice.below(255)) : 10 * (1 + dice.below(4095)),
    addresses: Array.from({ length: 1 + dice.below(255) }, () => bytes(width)),
    form: family === 4 && (version === 2 || dice.below(2)) ? 'plain' : 'pseudo-header',
    source: bytes(width),
    destination: addressBytes(family === 4 ? '224.0.0.18' : 'ff02::12'),
    password: version === 2 && dice.below(2) ? bytes(1 + dice.below(8)) : undefined,
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
  const dice = new Dice(0x5eed);
  for (let round = 0; round < 2000; round++) {
    const sent = randomSent(dice);
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
  const dice = new Dice(0xbad5eed);
  let dropped = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sent = { ...randomSent(dice), addresses: [randomSent(dice).source].filter(Boolean) };
    const fit = sent.addresses.every(({ length }) => length === (sent.family === 4 ? 4 : 16));
    if (!fit) continue;
    const whole = encode(sent);
    const kind = dice.below(3);
    const message =
      kind === 0
        ? whole.map((byte, at) => (at === round % whole.length ? byte ^ (1 << dice.below(8)) : byte))
        : kind === 1
          ? whole.subarray(0, dice.below(whole.length))
          : Uint8Array.from({ length: dice.below(64) }, () => dice.below(256));
    const { family, source, destination } = sent;
    const got = admit({ family, source, destination, hops: 255, message }, rulesFor(sent));
    if (typeof got === 'object') continue; // noise may be right: one of 65536
    assert.ok(got in DROP_REASONS);
    dropped++;
  }
  assert.ok(dropped > ROUNDS / 4, `only ${dropped} were dropped`);
});

test('fuzz: one changed bit never passes the checksum', () => {
  const dice = new Dice(77);
  for (let round = 0; round < ROUNDS / 4; round++) {
    const sent = randomSent(dice);
    const message = encode(sent);
    const at = dice.below(message.length);
    message[at] = message[at]! ^ (1 << dice.below(8));
    const { family, source, destination } = sent;
    const got = admit({ family, source, destination, hops: 255, message }, rulesFor(sent));
    assert.equal(typeof got, 'string', `round ${round}, byte ${at}`);
  }
});
