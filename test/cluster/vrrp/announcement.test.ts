/** Frames that say where an address is now, byte for byte; and when they are sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcementOf } from '../../../cluster/vrrp/announcement.ts';
import { Announcer } from '../../../cluster/vrrp/announcer.ts';
import { checksum } from '../../../cluster/vrrp/checksum.ts';
import { addressBytes } from '../../../kit/address-bytes.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('announcementOf: IPv4 is an ARP request to all, whose sender and target are the address', () => {
  const frame = announcementOf(addressBytes('192.0.2.10'), { mac: MAC, isRouter: true });
  const head = `ffffffffffff${hex(MAC)}0806`;
  assert.equal(hex(frame), `${head}0001080006040001${hex(MAC)}c000020affffffffffffc000020a`);
});

test('announcementOf: §6.4.2 IPv6 is a neighbour advertisement with O and without S, R where this host forwards', () => {
  const address = addressBytes('2001:db8::10');
  for (const [isRouter, flags] of [
    [true, 0xa0],
    [false, 0x20],
  ] as const) {
    const frame = announcementOf(address, { mac: MAC, isRouter });
    assert.equal(hex(frame.subarray(0, 14)), `333300000001${hex(MAC)}86dd`);
    assert.equal(hex(frame.subarray(14, 22)), '6000000000203aff');
    assert.equal(hex(frame.subarray(22, 54)), `${hex(address)}${hex(addressBytes('ff02::1'))}`);
    const message = frame.subarray(54);
    assert.deepEqual([message[0], message[1], message[4]], [136, 0, flags]);
    assert.equal(hex(message.subarray(8, 24)), hex(address));
    assert.equal(hex(message.subarray(24)), `0201${hex(MAC)}`);
    const pseudo = { source: address, destination: addressBytes('ff02::1'), protocol: 58 };
    assert.equal(checksum(message, pseudo), 0);
  }
});

test('Announcer: a burst at once and one after the delay; a quarrel makes no storm', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let [sent, nowMs] = [0, 0];
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const announcer = new Announcer(
    { repeat: 3, delayMs: 5000, refreshMs: 0 },
    () => sent++,
    () => nowMs,
  );
  announcer.start();
  assert.equal(sent, 3);
  pass(5000);
  assert.equal(sent, 6);
  for (let rival = 0; rival < 100; rival++) {
    announcer.start();
    pass(10);
  }
  assert.ok(sent <= 12, `${sent} in a second of a quarrel`);
  pass(10_000);
  assert.ok(sent <= 18, `${sent}`);
  announcer.reset();
  const before = sent;
  announcer.start();
  assert.equal(sent, before + 3);
});

test('Announcer: refresh goes on until it is stopped', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let sent = 0;
  const announcer = new Announcer(
    { repeat: 1, delayMs: 0, refreshMs: 100 },
    () => sent++,
    () => 0,
  );
  announcer.start();
  t.mock.timers.tick(350);
  assert.equal(sent, 4);
  announcer.stop();
  t.mock.timers.tick(350);
  assert.equal(sent, 4);
});
