/** Descriptors on their way from process to process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  closeFd,
  dupFd,
  listenTcp,
  localAddress,
  receiveFds,
  sendFds,
  socketPair,
} from '../../native/socket.ts';
import { flagsOf, inChild, openFds } from './outside.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0, family: 4, backlog: 16 } as const;
const bytes = (text: string) => Buffer.from(text, 'latin1');

function withPair(run: (near: number, far: number) => void): void {
  const before = openFds();
  const [near, far] = socketPair();
  try {
    run(near, far);
  } finally {
    closeFd(near);
    closeFd(far);
  }
  assert.deepEqual(openFds(), before, 'a descriptor was left open');
}

test('socketPair: both ends are non-blocking and close-on-exec', () => {
  withPair((near, far) => {
    for (const end of [near, far]) assert.deepEqual(flagsOf(end), { nonBlocking: true, closeOnExec: true });
  });
});

test('sendFds: descriptors arrive in order, with their payload, close-on-exec', () => {
  withPair((near, far) => {
    const sent = [listenTcp(LOOPBACK), listenTcp(LOOPBACK)];
    sendFds(near, sent, bytes('two'));
    const { fds, payload } = receiveFds(far, 2)!;
    assert.equal(Buffer.from(payload).toString('latin1'), 'two');
    assert.deepEqual(fds.map(localAddress), sent.map(localAddress));
    for (const fd of fds) assert.equal(flagsOf(fd).closeOnExec, true);
    for (const fd of [...sent, ...fds]) closeFd(fd);
  });
});

test('sendFds: messages stay apart, and one may carry no descriptor', () => {
  withPair((near, far) => {
    sendFds(near, [], bytes('one'));
    sendFds(near, [near], new Uint8Array(65536).fill(7));
    assert.deepEqual(receiveFds(far, 0), { fds: [], payload: bytes('one') });
    const second = receiveFds(far, 1)!;
    assert.equal(second.payload.length, 65536);
    assert.ok(second.payload.every(byte => byte === 7));
    closeFd(second.fds[0]!);
  });
});

test('sendFds: 253 descriptors go in one message', () => {
  withPair((near, far) => {
    sendFds(near, Array<number>(253).fill(far), bytes('x'));
    const { fds } = receiveFds(far, 253)!;
    assert.equal(new Set(fds).size, 253);
    fds.forEach(closeFd);
  });
});

test('sendFds: a listener handed to another process is served there', async () => {
  const [near, far] = socketPair();
  const fd = listenTcp(LOOPBACK);
  const { port } = localAddress(fd);
  const child = inChild(
    `const { fds, payload } = socket.receiveFds(3, 1, 20_000);
     const server = (await import('node:net')).createServer(client => {
       client.end('child');
       server.close();
     });
     server.listen({ fd: fds[0] });
     server.on('close', () => answer([fds.length, Buffer.from(payload).toString()]));`,
    far,
  );
  sendFds(near, [fd], bytes('take it'));
  closeFd(fd);
  const client = net.connect(port, '127.0.0.1');
  assert.equal((await client.setEncoding('latin1').toArray()).join(''), 'child');
  assert.deepEqual(await child, [1, 'take it']);
  closeFd(near);
  closeFd(far);
});

test('sendFds: a file goes over as well as a socket, and the sender may close its own', () => {
  const path = join(tmpdir(), `moat-passing-${process.pid}`);
  writeFileSync(path, 'content');
  const file = openSync(path, 'r');
  const [near, far] = socketPair();
  sendFds(near, [file], bytes('x'));
  closeSync(file);
  const { fds } = receiveFds(far, 1)!;
  const read = Buffer.alloc(7);
  readSync(fds[0]!, read);
  assert.equal(read.toString(), 'content');
  for (const fd of [near, far, ...fds]) closeFd(fd);
});

test('receiveFds: undefined once the peer has closed, after what it had sent', () => {
  const [near, far] = socketPair();
  sendFds(near, [], bytes('last'));
  closeFd(near);
  assert.equal(Buffer.from(receiveFds(far, 0)!.payload).toString(), 'last');
  assert.equal(receiveFds(far, 0), undefined);
  closeFd(far);
});

test('receiveFds: gives up when the time is over', () => {
  withPair((_, far) => {
    assert.throws(() => receiveFds(far, 1, 5), {
      code: 'ETIMEDOUT',
      message: /^Cannot receive descriptors over descriptor \d+: ETIMEDOUT/,
    });
  });
});

test('receiveFds: more descriptors than were agreed are refused and closed', () => {
  withPair((near, far) => {
    sendFds(near, [near, near, near], bytes('x'));
    assert.throws(() => receiveFds(far, 2), { code: 'E2BIG' });
  });
});

test("receiveFds: descriptors beyond this process's limit are an error, not a short list", async () => {
  const [near, far] = socketPair();
  sendFds(near, Array<number>(100).fill(near), bytes('x'));
  const seen = await inChild(
    `const { readdirSync } = await import('node:fs');
     const open = () => readdirSync('/proc/self/fd').length;
     const before = open();
     identity.setFdLimit(before + 20);
     let code = 'none';
     try { socket.receiveFds(3, 253); } catch (error) { code = error.code; }
     answer([code, open() - before]);`,
    far,
  );
  assert.deepEqual(seen, ['EMFILE', 0]);
  closeFd(near);
  closeFd(far);
});

test('sendFds: waits for a full queue no longer than told', () => {
  withPair((near, far) => {
    const full = new Uint8Array(65536);
    let sent = 0;
    assert.throws(
      () => {
        for (;;) {
          sendFds(near, [], full, 5);
          sent++;
        }
      },
      { code: 'ETIMEDOUT' },
    );
    assert.ok(sent > 0);
    assert.ok(receiveFds(far, 0));
    sendFds(near, [], full, 5);
  });
});

test('sendFds: a peer that is gone is EPIPE, and no signal', () => {
  const [near, far] = socketPair();
  closeFd(far);
  assert.throws(() => sendFds(near, [], bytes('x')), { code: 'EPIPE' });
  closeFd(near);
});

test('sendFds, receiveFds: a wrong argument is a TypeError', () => {
  withPair((near, far) => {
    const wrong: unknown[][] = [
      [near, 3, bytes('x')],
      [near, ['3'], bytes('x')],
      [near, Array<number>(254).fill(far), bytes('x')],
      [near, [], 'x'],
      [near, [], new Int8Array(1)],
      [near, [], new Uint8Array(0)],
      [near, [], new Uint8Array(65537)],
      [near, [], bytes('x'), -1],
    ];
    for (const args of wrong) assert.throws(() => Reflect.apply(sendFds, undefined, args), TypeError);
    for (const args of [[far], [far, 254], [far, -1], [far, 1, Number.NaN]]) {
      assert.throws(() => Reflect.apply(receiveFds, undefined, args), TypeError);
    }
    assert.throws(() => receiveFds(far, 1, 0), { code: 'ETIMEDOUT' }, 'none of them was sent');
  });
});

test('sendFds: a descriptor that is not open is EBADF', () => {
  withPair((near, far) => {
    const gone = dupFd(near);
    closeFd(gone);
    assert.throws(() => sendFds(near, [gone], bytes('x')), { code: 'EBADF' });
    assert.throws(() => receiveFds(far, 1, 0), { code: 'ETIMEDOUT' });
  });
});

test('receiveFds: what is no socket is told', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const file = openSync('/dev/null', 'r');
  assert.throws(() => receiveFds(file, 1, 0), { code: 'ENOTSOCK' });
  closeSync(file);
  server.close();
});
