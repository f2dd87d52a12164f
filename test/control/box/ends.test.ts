/** However a box ends, nothing is left of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { until } from '../../../control/box/net/host.ts';
import { namespaces } from '../../../control/box/net/namespace.ts';
import { freePorts, PROGRAMS } from '../../e2e/rig.ts';
import { Demo, lives, nothingIsLeft, numberOf, options, serverAt } from './demo.ts';

test(
  'box: what one leaves that is killed, the next one removes; two at once have numbers of their own',
  options,
  async () => {
    const killed = await Demo.start();
    const { number, pids } = killed;
    await using other = await Demo.start();
    assert.notEqual(other.number, number);
    assert.ok(pids.length > 0 && pids.every(lives));
    killed.child.kill('SIGKILL');
    await killed.ended;
    const next = await Demo.start();
    assert.deepEqual(pids.filter(lives), []);
    assert.match(await serverAt(other.virtual, other.port), /^(ada|bela|cleo)$/);
    const numbers = [next.number, other.number];
    for (const demo of [next, other]) {
      demo.child.kill('SIGTERM');
      assert.equal(await demo.ended, 0, demo.said);
    }
    await nothingIsLeft(killed, number, pids);
    await nothingIsLeft(next, numbers[0]!, []);
    await nothingIsLeft(other, numbers[1]!, []);
  },
);

test('box: an interrupt half way leaves nothing, and a taken port is told', options, async () => {
  await using demo = await Demo.start();
  const taken = spawn(PROGRAMS.moat, ['demo', '--port', `${demo.port}`], { stdio: 'pipe' });
  const second = new Demo(demo.port, taken);
  assert.equal(await second.ended, 1);
  assert.match(second.said, /EADDRINUSE.*choose others by --port/);

  const [port = 0, tlsPort = 0] = await freePorts(2);
  const words = ['demo', '--port', `${port}`, '--tls-port', `${tlsPort}`];
  const early = new Demo(port, spawn(PROGRAMS.moat, words, { stdio: 'pipe' }));
  const number = await numberOf(early);
  await until(() => namespaces().includes(`moatbox${number}-proxy1`), 'a part of a box');
  early.child.kill('SIGINT');
  assert.equal(await early.ended, 0, early.said);
  await nothingIsLeft(early, number, []);
});
