/** `moat demo` as root: both tiers on hosts of their own, and what is done to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Demo, nothingIsLeft, options, serverAt } from './demo.ts';

/** Nobody noticed that another node has the addresses now. */
const taken = (by: string) => new RegExp(`: ${by} has the addresses.*; 0 of [1-9]\\d+ requests failed$`);

test(
  'box: answers on localhost and its own address; moat on the director is not missed; proxies are drained and killed',
  options,
  async () => {
    await using demo = await Demo.start();
    const { number, pids } = demo;
    assert.ok(pids.length >= 10, `${pids.length} processes`);
    assert.match(await serverAt('127.0.0.1', demo.port), /^(ada|bela|cleo)$/);
    assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);

    assert.match(await demo.do('kill -9 moat on director1'), taken('director2'));
    assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
    assert.match(await demo.do('start moat on director1'), taken('director1'));

    assert.match(
      await demo.do('drain proxy2'),
      /no new connections after \d+ ms; 0 of [1-9]\d+ requests failed$/,
    );
    assert.match(
      await demo.do('resume proxy2'),
      /real server up after \d+ ms; 0 of [1-9]\d+ requests failed$/,
    );

    assert.match(await demo.do('kill -9 moat on proxy1'), /real server down after \d+ ms; \d+ of [1-9]\d+/);
    assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
    assert.match(
      await demo.do('start moat on proxy1'),
      /real server up after \d+ ms; 0 of [1-9]\d+ requests/,
    );
    assert.match(await demo.do('stop bela'), /: 0 of [1-9]\d+ requests failed/);

    const all = [...pids, ...demo.pids];
    demo.child.kill('SIGINT');
    assert.equal(await demo.ended, 0, demo.said);
    assert.match(demo.said, /nothing is left behind/);
    await nothingIsLeft(demo, number, all);
  },
);

test(
  'box: --mode tun: proxies unwrap what the director sends, and moat on it is not missed',
  options,
  async () => {
    await using demo = await Demo.start('--mode', 'tun');
    const { number, pids } = demo;
    assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
    assert.match(await demo.do('kill -9 moat on director1'), taken('director2'));
    demo.child.kill('SIGTERM');
    assert.equal(await demo.ended, 0, demo.said);
    await nothingIsLeft(demo, number, pids);
  },
);

test('box: --directors 0: the proxies have the virtual addresses in turn', options, async () => {
  await using demo = await Demo.start('--directors', '0');
  const { number, pids } = demo;
  assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
  // Connections through a proxy end with it; those that begin later find the other one.
  assert.match(await demo.do('kill -9 moat on proxy1'), /: proxy2 has the addresses/);
  assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
  assert.match(await demo.do('start moat on proxy1'), /: proxy1 has the addresses/);
  assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
  demo.child.kill('SIGTERM');
  assert.equal(await demo.ended, 0, demo.said);
  await nothingIsLeft(demo, number, pids);
});
