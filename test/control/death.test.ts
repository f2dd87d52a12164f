/** Deaths: of the L7 process, of control. The listening sockets outlive the first and not the second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { ask, childrenOf, exists, isClosed, l7Of, saying } from './life.ts';

test('death: an L7 process that is killed is started anew, and no connection is refused meanwhile', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(httpConf(saying('here', port), 'worker_processes 2;'));
  for (let round = 0; round < 2; round++) {
    const victim = l7Of(moat.pid);
    process.kill(victim, 'SIGKILL');
    await until(() => !exists(victim));
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)));
    assert.deepEqual(answers, Array(8).fill('here'));
    assert.notEqual(l7Of(moat.pid), victim);
  }
  assert.match(moat.read(), /\[alert\] \d+#0: the L7 process \d+ was ended by SIGKILL\n/);
});

test('death: a reload while the L7 process is down is applied by the next one', async () => {
  const [port = 0, added = 0] = await freePorts(2);
  await using moat = await startMoat(httpConf(saying('one', port)));
  process.kill(l7Of(moat.pid), 'SIGKILL');
  moat.reload(httpConf(saying('two', port, added)));
  await until(async () => (await ask(port)) === 'two');
  assert.equal(await ask(added), 'two');
});

test('death: when control is killed, the workers finish and leave the ports', async () => {
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(httpConf(saying('here', port)));
  const worker = l7Of(moat.pid);
  moat.signal('SIGKILL');
  await until(() => !exists(worker));
  assert.ok(await isClosed(port));
  await assert.rejects(moat.stop(), /died during the test \(signal SIGKILL\)/);
  assert.deepEqual(childrenOf(moat.pid), []);
});
