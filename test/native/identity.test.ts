/** Limits, users and capabilities, each tried in a process of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fdLimit, groupId, setFdLimit, setUser, userIds } from '../../native/identity.ts';
import { inChild, withoutRoot } from './outside.ts';

const asked = (...command: string[]) =>
  Number(execFileSync(command[0]!, command.slice(1), { encoding: 'latin1' }));

test('userIds, groupId: agree with id(1) and know who is not there', () => {
  assert.deepEqual(userIds('nobody'), { uid: asked('id', '-u', 'nobody'), gid: asked('id', '-g', 'nobody') });
  assert.deepEqual(userIds('root'), { uid: 0, gid: 0 });
  assert.equal(groupId('root'), 0);
  assert.equal(userIds('no-such-user'), undefined);
  assert.equal(groupId('no-such-group'), undefined);
});

test('userIds: a wrong argument is a TypeError', () => {
  for (const wrong of [undefined, 7, 'a\0b', 'x'.repeat(300)]) {
    assert.throws(() => Reflect.apply(userIds, undefined, [wrong]), TypeError);
  }
});

test('setFdLimit: sets the soft limit, and opening files obeys it', async () => {
  const seen = await inChild(`
    const { openSync } = await import('node:fs');
    identity.setFdLimit(64);
    let code;
    try { for (;;) openSync('/dev/null'); } catch (error) { code = error.code; }
    answer([identity.fdLimit().soft, code]);`);
  assert.deepEqual(seen, [64, 'EMFILE']);
});

test('fdLimit: agrees with ulimit(1)', () => {
  assert.equal(fdLimit().hard, asked('sh', '-c', 'ulimit -Hn'));
});

test('setFdLimit: raises the hard limit, or says that it may not', async () => {
  const seen = await inChild(`
    const { hard } = identity.fdLimit();
    try { identity.setFdLimit(hard + 1); answer(identity.fdLimit().hard - hard); }
    catch (error) { answer(error.message); }`);
  assert.ok(seen === 1 || seen === 'Cannot raise RLIMIT_NOFILE: EPERM operation not permitted', String(seen));
  for (const wrong of [0, -1, 1.5, '64', undefined]) {
    assert.throws(() => Reflect.apply(setFdLimit, undefined, [wrong]), TypeError);
  }
});

test('setUser: a name that is not there is a TypeError', () => {
  assert.throws(() => setUser('no-such-user'), { name: 'TypeError', message: /no user "no-such-user"/ });
  assert.throws(() => setUser('nobody', 'no-such-group'), {
    name: 'TypeError',
    message: /no group "no-such-group"/,
  });
});

test('setUser: every thread of the process is the user, with its group and groups, and cannot go back', {
  skip: withoutRoot,
}, async () => {
  const seen = await inChild(`
    const { readdirSync, readFileSync } = await import('node:fs');
    const { Worker } = await import('node:worker_threads');
    const worker = new Worker('setInterval(() => {}, 1e6)', { eval: true });
    await new Promise(done => worker.once('online', done));
    identity.setUser('nobody', 'daemon', { dumpable: true });
    const ids = new Set(), caps = new Set();
    for (const task of readdirSync('/proc/self/task')) {
      const status = readFileSync('/proc/self/task/' + task + '/status', 'latin1');
      ids.add(/^Uid:.*/m.exec(status)[0] + ' ' + /^Gid:.*/m.exec(status)[0]);
      caps.add(/^CapPrm:\\s*(\\w+)/m.exec(status)[1]);
    }
    let back;
    try { process.setuid(0); } catch (error) { back = error.code; }
    answer({ threads: readdirSync('/proc/self/task').length, ids: [...ids], caps: [...caps], groups: process.getgroups(), back });
    await worker.terminate();`);
  const [uid, gid] = [userIds('nobody')!.uid, groupId('daemon')!];
  const four = (id: number) => `\t${id}`.repeat(4);
  const { threads, ...rest } = seen as { threads: number };
  assert.ok(threads > 2, `${threads} threads`);
  assert.deepEqual(rest, {
    ids: [`Uid:${four(uid)} Gid:${four(gid)}`],
    caps: ['0'.repeat(16)],
    groups: [gid],
    back: 'EPERM',
  });
});

test('setUser: keeps the capabilities it is told to, for this thread and those it starts', {
  skip: withoutRoot,
}, async () => {
  const seen = await inChild(`
    const { readFileSync } = await import('node:fs');
    const { Worker } = await import('node:worker_threads');
    identity.setUser('nobody', undefined, { keepCapabilities: ['net_raw', 'net_bind_service'] });
    const fd = socket.outgoingSocket({ family: 4, localAddress: '192.0.2.7', transparent: true });
    const code = 'require("node:worker_threads").parentPort.postMessage('
      + '/^CapEff:\\\\s*(\\\\w+)/m.exec(require("node:fs").readFileSync("/proc/thread-self/status", "latin1"))[1])';
    const worker = new Worker(code, { eval: true, execArgv: [] });
    const inherited = await new Promise(done => worker.once('message', done));
    answer([socket.localAddress(fd).address, inherited]);`);
  const mask = ((1 << 13) | (1 << 10)).toString(16).padStart(16, '0');
  assert.deepEqual(seen, ['192.0.2.7', mask]);
});

test('setUser: without root it says what it may not', { skip: withoutRoot }, async () => {
  const message = await inChild(`
    identity.setUser('nobody');
    try { identity.setUser('daemon'); } catch (error) { answer(error.message); }`);
  assert.equal(message, 'Cannot take the groups of user daemon: EPERM operation not permitted');
});
