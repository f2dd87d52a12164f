/** Advertisements: what goes on the wire, what is taken from it, and for which reason each other packet is dropped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AdmissionRules, type Arrival, admit, DROP_REASONS } from '../../../cluster/vrrp/admit.ts';
import { checksum } from '../../../cluster/vrrp/checksum.ts';
import { type Advertisement, encode, type Outgoing } from '../../../cluster/vrrp/packet.ts';
import { addressBytes, addressText } from '../../../kit/address-bytes.ts';

const GROUP4 = addressBytes('224.0.0.18');
const GROUP6 = addressBytes('ff02::12');
const PEER4 = addressBytes('10.0.0.2');
const PEER6 = addressBytes('fe80::2');

const v3: Outgoing = {
  version: 3,
  family: 4,
  vrid: 51,
  priority: 100,
  intervalMs: 1000,
  addresses: [addressBytes('192.0.2.10')],
  form: 'pseudo-header',
  source: PEER4,
  destination: GROUP4,
};
const v2: Outgoing = { ...v3, version: 2, form: 'plain' };
const v6: Outgoing = {
  ...v3,
  family: 6,
  source: PEER6,
  destination: GROUP6,
  addresses: [addressBytes('fe80::1'), addressBytes('2001:db8::1')],
};

const rulesOf = (sent: Outgoing, more: Partial<AdmissionRules> = {}): AdmissionRules => ({
  version: sent.version,
  family: sent.family,
  vrid: 51,
  destination: sent.destination,
  self: addressBytes(sent.family === 4 ? '10.0.0.1' : 'fe80::1'),
  peers: undefined,
  intervalMs: 1000,
  password: undefined,
  strict: false,
  ...more,
});

const arrivalOf = (sent: Outgoing, more: Partial<Arrival> = {}): Arrival => ({
  family: sent.family,
  source: sent.source,
  destination: sent.destination,
  hops: 255,
  message: encode(sent),
  ...more,
});

/** With one byte changed, and the checksum made right again. */
function altered(sent: Outgoing, at: number, value: number): Arrival {
  const message = encode(sent);
  message[at] = value;
  message[6] = message[7] = 0;
  const pseudo = { source: sent.source, destination: sent.destination, protocol: 112 };
  const isCovered = sent.family === 6 || (sent.version === 3 && sent.form === 'pseudo-header');
  const sum = checksum(message, isCovered ? pseudo : undefined);
  message[6] = sum >> 8;
  message[7] = sum & 255;
  return arrivalOf(sent, { message });
}

const asText = (result: ReturnType<typeof admit>) =>
  typeof result === 'string' ? result : { ...result, addresses: result.addresses.map(addressText) };

test('encode: §5.1 version 3 over IPv4, byte for byte', () => {
  assert.equal(Buffer.from(encode(v3)).toString('hex'), `313364010064${hexSum(v3)}c000020a`);
});

/** By hand: the words of the message, and of the pseudo-header, one by one. */
function hexSum({ version }: Outgoing): string {
  assert.equal(version, 3);
  const words = [0x3133, 0x6401, 0x0064, 0xc000, 0x020a, 0x0a00, 0x0002, 0xe000, 0x0012, 112, 12];
  let sum = words.reduce((a, b) => a + b);
  sum = (sum & 0xffff) + (sum >> 16);
  return (~sum & 0xffff).toString(16).padStart(4, '0');
}

test('encode: RFC 3768 §5.1 version 2 has seconds, and eight bytes for authentication behind the addresses', () => {
  const message = Buffer.from(encode({ ...v2, intervalMs: 3000, password: Buffer.from('secret') }));
  assert.equal(message.length, 8 + 4 + 8);
  assert.equal(message.subarray(0, 6).toString('hex'), '213364010103');
  assert.equal(message.subarray(12).toString('latin1'), 'secret\0\0');
  assert.equal(checksum(message), 0);
});

test('encode: what has no room on the wire is refused', () => {
  const wrong: [Partial<Outgoing>, RegExp][] = [
    [{ vrid: 0 }, /VRID 0/],
    [{ vrid: 256 }, /VRID 256/],
    [{ priority: 256 }, /priority 256/],
    [{ intervalMs: 40_960 }, /40960 ms/],
    [{ intervalMs: 5 }, /5 ms/],
    [{ intervalMs: 0 }, /0 ms/],
    [{ version: 2, intervalMs: 500 }, /500 ms/],
    [{ version: 2, family: 6 }, /IPv4 only/],
    [{ addresses: [addressBytes('::1')] }, /IPv4/],
    [{ addresses: Array(256).fill(PEER4) }, /256 addresses/],
    [{ version: 2, password: Buffer.alloc(9) }, /8 bytes/],
  ];
  for (const [change, message] of wrong) assert.throws(() => encode({ ...v3, ...change }), message);
});

for (const [name, sent] of Object.entries({
  v2,
  v3,
  'v3 without pseudo-header': { ...v3, form: 'plain' as const },
  v6,
}))
  test(`admit: ${name} comes back as it was sent`, () => {
    const { version, vrid, priority, intervalMs, addresses, form } = sent as Advertisement;
    assert.deepEqual(asText(admit(arrivalOf(sent), rulesOf(sent))), {
      version,
      vrid,
      priority,
      intervalMs,
      form,
      addresses: addresses.map(addressText),
    });
  });

/** Each rule of §7.1, and of its errata: a packet that keeps it is an advertisement, one that breaks it is dropped for it. */
const RULES: [
  section: string,
  reason: keyof typeof DROP_REASONS,
  kept: Arrival,
  broken: Arrival,
  rules: AdmissionRules,
][] = [
  ['§7.1 TTL 255', 'ttl', arrivalOf(v3), arrivalOf(v3, { hops: 254 }), rulesOf(v3)],
  ['§7.1 hop limit 255', 'ttl', arrivalOf(v6), arrivalOf(v6, { hops: 64 }), rulesOf(v6)],
  ['§7.1 version', 'version', arrivalOf(v3), altered(v3, 0, 0x21), rulesOf(v3)],
  ['RFC 3768 §7.1 version', 'version', arrivalOf(v2), altered(v2, 0, 0x31), rulesOf(v2)],
  ['§5.2.2 type', 'type', arrivalOf(v3), altered(v3, 0, 0x32), rulesOf(v3)],
  [
    '§7.1 length of the header',
    'length',
    arrivalOf(v3),
    arrivalOf(v3, { message: encode(v3).subarray(0, 7) }),
    rulesOf(v3),
  ],
  [
    '§7.1 length of the addresses',
    'length',
    arrivalOf(v3),
    arrivalOf(v3, { message: encode(v3).subarray(0, 11) }),
    rulesOf(v3),
  ],
  [
    'RFC 3768 §7.1 length with authentication',
    'length',
    arrivalOf(v2),
    arrivalOf(v2, { message: encode(v2).subarray(0, 19) }),
    rulesOf(v2),
  ],
  [
    '§7.1 checksum',
    'checksum',
    arrivalOf(v3),
    arrivalOf(v3, { message: encode(v3).map((byte, at) => (at === 6 ? byte ^ 1 : byte)) }),
    rulesOf(v3),
  ],
  [
    '§5.2.8 checksum of IPv6 covers the pseudo-header',
    'checksum',
    arrivalOf(v6),
    arrivalOf(v6, { source: addressBytes('fe80::3') }),
    rulesOf(v6),
  ],
  [
    'RFC 3768 §5.3.8 checksum',
    'checksum',
    arrivalOf(v2),
    arrivalOf(v2, { message: encode(v2).fill(7, 12) }),
    rulesOf(v2),
  ],
  ['§7.1 VRID', 'vrid', arrivalOf(v3), altered(v3, 1, 52), rulesOf(v3)],
  ['erratum 8299 count', 'count', arrivalOf(v3), arrivalOf({ ...v3, addresses: [] }), rulesOf(v3)],
  [
    'erratum 8300 first address of IPv6',
    'link-local',
    arrivalOf(v6),
    arrivalOf({ ...v6, addresses: [addressBytes('2001:db8::1')] }),
    rulesOf(v6, { strict: true }),
  ],
  ['erratum 8301 interval', 'interval', arrivalOf(v3), altered(v3, 5, 0), rulesOf(v3)],
  ['RFC 3768 §7.1 interval', 'interval', arrivalOf(v2), arrivalOf({ ...v2, intervalMs: 2000 }), rulesOf(v2)],
  [
    'RFC 3768 §7.1 type of authentication',
    'auth-type',
    arrivalOf(v2),
    arrivalOf({ ...v2, password: Buffer.from('x') }),
    rulesOf(v2),
  ],
  [
    'RFC 2338 §5.3.10 password',
    'auth-data',
    arrivalOf({ ...v2, password: Buffer.from('abc') }),
    arrivalOf({ ...v2, password: Buffer.from('abd') }),
    rulesOf(v2, { password: Buffer.from('abc') }),
  ],
  [
    '§7.1 own packet',
    'own',
    arrivalOf(v3),
    arrivalOf({ ...v3, source: addressBytes('10.0.0.1') }),
    rulesOf(v3),
  ],
  [
    '§7.2 destination',
    'destination',
    arrivalOf(v3),
    arrivalOf({ ...v3, destination: addressBytes('10.0.0.1') }),
    rulesOf(v3),
  ],
  [
    'unicast: peer',
    'peer',
    arrivalOf(v3),
    arrivalOf({ ...v3, source: addressBytes('10.0.0.3') }),
    rulesOf(v3, { peers: [{ address: PEER4, leastHops: 0 }] }),
  ],
  [
    'unicast: least TTL',
    'ttl',
    arrivalOf(v3, { hops: 250 }),
    arrivalOf(v3, { hops: 249 }),
    rulesOf(v3, { peers: [{ address: PEER4, leastHops: 250 }] }),
  ],
];

for (const [section, reason, kept, broken, rules] of RULES) {
  test(`admit: ${section}: kept`, () => assert.equal(typeof admit(kept, rules), 'object'));
  test(`admit: ${section}: broken is dropped as ${reason}`, () => assert.equal(admit(broken, rules), reason));
}

test('admit: every reason to drop a packet is met by a rule', () => {
  assert.deepEqual(new Set(RULES.map(([, reason]) => reason)), new Set(Object.keys(DROP_REASONS)));
});

test('admit: §7.1 another list of addresses, another interval of version 3 and reserved bits drop nothing', () => {
  const odd = altered({ ...v3, intervalMs: 2550, addresses: [PEER4, PEER4] }, 4, 0xf0);
  const result = admit(odd, rulesOf(v3));
  assert.ok(typeof result === 'object' && result.intervalMs === 2550 && result.addresses.length === 2);
});

test('admit: §7.1 a packet that is longer than its addresses is taken', () => {
  const message = Buffer.concat([encode({ ...v3, form: 'plain' }), Buffer.alloc(6)]);
  assert.equal(typeof admit(arrivalOf(v3, { message }), rulesOf(v3)), 'object');
});

test('admit: §5.1.2.3 TTL of unicast is not asked, for it comes through routers', () => {
  const rules = rulesOf(v3, { peers: [{ address: PEER4, leastHops: 0 }] });
  assert.equal(typeof admit(arrivalOf(v3, { hops: 3 }), rules), 'object');
});
