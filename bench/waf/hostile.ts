/** Values made from every pattern of the rules, through the whole engine, beside plain text of the same size. */
import { crsPatterns, ruleFolders } from '../../test/waf/regex/rules.ts';
import { hostileFor, randomOf } from '../../test/waf/regex/values.ts';
import { readTree } from '../../waf/regex/tree.ts';
import type { RuleSet } from '../../waf/rule-set.ts';
import { run } from './engine.ts';
import type { Ask } from './requests.ts';

const SIZES = [1024, 8 * 1024, 64 * 1024];
const PROSE =
  'The engine might compose elaborate pieces of music of any degree of complexity, wrote Ada to Mr Babbage. ';
/** Pieces of no pattern, repeated: what transformations and the readers of SQL and HTML take for something each time. */
const PIECES = [
  '%a',
  '%25',
  '%u',
  '=',
  '1=',
  "'='",
  '+a',
  '<',
  '<a ',
  '<a>',
  '<>',
  '{}',
  '&#',
  '&#1',
  '\\',
  '/',
  '../',
  '\xc3\xa4',
];
/** The best of so many runs counts: what others do on the machine does not. */
const RUNS = 5;

const formOf = (value: string): Ask => ({
  name: 'hostile',
  method: 'POST',
  target: '/search',
  type: 'application/x-www-form-urlencoded',
  body: `q=${Array.from(value, char => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}`,
  attack: true,
  goal: 0,
});

/** µs by the clock: the first time, and the best of all. */
function timesOf(rules: RuleSet, ask: Ask): { first: number; best: number } {
  let first = 0;
  let best = Infinity;
  for (let turn = 0; turn < RUNS; turn++) {
    const started = performance.now();
    run(rules, ask, turn);
    const us = (performance.now() - started) * 1000;
    if (turn === 0) first = us;
    best = Math.min(best, us);
  }
  return { first, best };
}

export function measureHostile(rules: RuleSet): void {
  const random = randomOf(17);
  const patterns = crsPatterns(ruleFolders[0]!);
  for (const size of SIZES) {
    const plain = formOf(PROSE.repeat(size / PROSE.length + 1).slice(0, size));
    for (let turn = 0; turn < 2000; turn++) run(rules, plain, turn);
    const benign = timesOf(rules, plain).best;
    const values = patterns.flatMap(({ source }) =>
      hostileFor(readTree(source, {}).node, size, random).map(value => ({ source, value })),
    );
    for (const piece of PIECES)
      values.push({ source: 'no pattern', value: piece.repeat(size / piece.length + 1).slice(0, size) });
    const times = values.map(each => ({ ...each, ...timesOf(rules, formOf(each.value)) }));
    times.sort((a, b) => b.best - a.best);
    const over = times.filter(({ best }) => best > 3 * benign).length;
    const firsts = times.map(({ first }) => first).sort((a, b) => b - a);
    console.log(
      `${size / 1024} KB: plain text ${benign.toFixed(0)} us; ${times.length} hostile values: worst ${times[0]!.best.toFixed(0)}, median ${times[times.length >> 1]!.best.toFixed(0)}, ${over} above three times; the first time worst ${firsts[0]!.toFixed(0)}`,
    );
    for (const { source, value, best } of times.slice(0, 3))
      console.log(`   ${best.toFixed(0)} us ${JSON.stringify(value.slice(0, 50))} of ${source.slice(0, 60)}`);
  }
}
