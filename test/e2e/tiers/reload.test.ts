/** A director that runs moat is reloaded and commanded: what is refused, what stays, what is over. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { overridesPathOf } from '../../../l4/kept-overrides.ts';
import { programMissing } from '../../l4/program.ts';
import { labMissing } from '../../lab/lab.ts';
import { PROXIES } from './tiers.ts';
import {
  answering,
  atWork,
  BOTH,
  configuration,
  downloading,
  killAll,
  many,
  noResets,
  slowly,
  WHOLE,
} from './work.ts';

const skip = programMissing() || labMissing('curl');

test('a reload that one tier refuses changes nothing in the other', { skip }, async () => {
  const http = (text: string) => `http { server { listen 8080; location / { return 200 "${text}"; } } }`;
  const elsewhere = 'http { server { listen 192.0.2.77:80; } }';
  await using tiers = await atWork({ http: http('one') });
  const { director } = tiers;
  const page = async () => director.host.do('curl -sS http://127.0.0.1:8080/');
  const load = many(tiers);
  const long = slowly(tiers);
  await downloading(tiers);
  await director.reload(configuration(tiers, { first: 'down', http: elsewhere }), /192\.0\.2\.77.* stays/);
  assert.deepEqual(await answering(tiers), BOTH);
  assert.equal(await page(), 'one');
  await director.reload(`${http('two')}`.replace('8080', '192.0.2.77:80'), /192\.0\.2\.77.* stays/);
  assert.deepEqual(await answering(tiers), BOTH, 'the l4 block that is gone was taken out all the same');
  const twice = configuration(tiers, { attach: 'lo; attach nosuch0', http: http('two'), first: 'down' });
  await director.reload(twice, /nosuch0.* stays/);
  assert.deepEqual(await answering(tiers), BOTH);
  assert.equal(await page(), 'one');
  assert.doesNotMatch(director.host.do('tc filter show dev lo ingress'), /director/);
  await load.stop();
  assert.deepEqual(await long.end(), WHOLE);
  await noResets(tiers);
  await director.reload(configuration(tiers, { http: http('two'), first: 'down' }));
  assert.deepEqual([await page(), ...(await answering(tiers))], ['two', 'p1']);
});

test('what was commanded outlives moat, until the line of that real server says something else', {
  skip,
}, async () => {
  await using tiers = await atWork();
  const { director } = tiers;
  const kept = overridesPathOf(`${tiers.pins}/moat`);
  assert.equal(existsSync(kept), false);
  await director.shown('drain', PROXIES[4][0]!);
  await director.shown('weight', '5', PROXIES[4][1]!);
  const isShown = async (first: RegExp, second: RegExp) => {
    const list = await director.shown('list');
    assert.match(list, first);
    assert.match(list, second);
  };
  const drained = /10\.7\.0\.11 +Route +0 .* draining by command$/m;
  const weighed = /10\.7\.0\.12 +Route +5 .* alive by command: weight 5$/m;
  await isShown(drained, weighed);
  await director.end('SIGQUIT');
  await director.start();
  await isShown(drained, weighed);
  assert.deepEqual(await answering(tiers), ['p1']);
  await killAll(tiers);
  await director.start();
  await isShown(drained, weighed);
  const [first] = (await director.figures()).services[0]!.reals;
  assert.deepEqual(first!.command, { state: 'drain' });
  await director.reload(configuration(tiers, { second: 'upper=1000' }));
  await isShown(drained, weighed);
  await director.reload(configuration(tiers, { second: 'weight=2' }));
  await isShown(drained, /10\.7\.0\.12 +Route +2 .* alive$/m);
  assert.match(
    director.log,
    /10\.7\.0\.12 of 10\.7\.0\.100:80 tcp: its line is new, what was commanded is over/,
  );
  await director.end('SIGTERM');
  director.configure(configuration(tiers, { first: 'weight=3', second: 'weight=2' }));
  await director.start();
  await isShown(/10\.7\.0\.11 +Route +3 .* alive$/m, /10\.7\.0\.12 +Route +2 .* alive$/m);
  assert.equal(existsSync(kept), false);
});
