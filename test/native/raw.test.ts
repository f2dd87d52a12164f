/** Raw sockets: whole ICMP messages, and errors that name the verb. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawReceive, rawSend, rawSocket } from '../../native/raw.ts';
import { closeFd } from '../../native/socket.ts';
import { flagsOf } from './outside.ts';

const skip = process.geteuid?.() === 0 ? false : 'needs CAP_NET_RAW';

/** ICMPv6 echo request; the kernel fills in its checksum. */
const REQUEST6 = Buffer.from([128, 0, 0, 0, 0x12, 0x34, 0, 7]);
/** ICMP echo request with its checksum. */
const REQUEST4 = Buffer.from([8, 0, 0xe5, 0xc4, 0x12, 0x34, 0, 7]);

for (const { family, protocol, address, reply, request } of [
  { family: 4, protocol: 1, address: '127.0.0.1', reply: 0, request: REQUEST4 },
  { family: 6, protocol: 58, address: '::1', reply: 129, request: REQUEST6 },
] as const)
  test(`rawSocket: an echo of IPv${family} comes back`, { skip }, async () => {
    const fd = rawSocket({ family, protocol, icmpType: reply, localAddress: address });
    try {
      assert.deepEqual(flagsOf(fd), { nonBlocking: true, closeOnExec: true });
      const buffer = Buffer.alloc(256);
      assert.equal(rawReceive(fd, buffer), undefined);
      rawSend(fd, address, family, request);
      let got = rawReceive(fd, buffer);
      for (let tries = 0; !got && tries < 500; tries++) {
        await sleep(10);
        got = rawReceive(fd, buffer);
      }
      assert.equal(got?.address, address);
      const at = family === 4 ? 20 : 0;
      assert.equal(buffer[at], reply);
      assert.deepEqual(buffer.subarray(at + 4, at + 8), request.subarray(4));
      assert.equal(got?.length, at + 8);
    } finally {
      closeFd(fd);
    }
  });

test('rawSocket: what is wrong is told', { skip }, () => {
  assert.throws(() => rawSocket({ family: 4, protocol: 1, localAddress: '192.0.2.77' }), {
    code: 'EADDRNOTAVAIL',
    message: /^Cannot bind a raw socket to 192\.0\.2\.77:0: EADDRNOTAVAIL/,
  });
  assert.throws(() => rawSocket({ family: 4, protocol: 300 }), TypeError);
  const fd = rawSocket({ family: 4, protocol: 1 });
  try {
    assert.throws(() => rawSend(fd, 'here', 4, Buffer.alloc(8)), TypeError);
    assert.throws(() => rawSend(fd, '255.255.255.255', 4, Buffer.alloc(8)), {
      code: 'EACCES',
      syscall: 'sendto',
    });
  } finally {
    closeFd(fd);
  }
  assert.throws(() => rawReceive(fd, Buffer.alloc(8)), { code: 'EBADF' });
});
