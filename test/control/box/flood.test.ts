/** The box in modes whose answers come back by the director, under a flood. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Demo, nothingIsLeft, options, serverAt } from './demo.ts';

for (const mode of ['nat', 'fullnat'] as const)
  test(`box: --mode ${mode}, and a flood that the client does not notice`, options, async () => {
    await using demo = await Demo.start('--mode', mode);
    const { number, pids } = demo;
    assert.match(await serverAt(demo.virtual, demo.port), /^(ada|bela|cleo)$/);
    const flood = await demo.do('SYN flood, 20000 a second for 10 s');
    assert.match(flood, /; 0 of [1-9]\d+ requests failed$/);
    const [, dropped, sent] = /: (\d+) of (\d+) dropped by the limit of each source/.exec(flood)!.map(Number);
    assert.ok(sent! > 0, flood);
    // Ten sources with 500 a second each: a machine that sends little more than that in all shows the limit little.
    assert.ok(dropped! > 0 || sent! < 75_000, flood);
    demo.child.kill('SIGHUP');
    assert.equal(await demo.ended, 0, demo.said);
    await nothingIsLeft(demo, number, pids);
  });
