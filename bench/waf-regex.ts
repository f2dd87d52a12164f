/**
 * What the WAF's matcher costs on the patterns of installed rules: `node bench/waf-regex.ts [--quick]`. Printed, not asserted; times are CPU times.
 *
 * Benign: every pattern on every value of a request, as a rule engine that inspects equal values once would have it; by V8's
 * own engine, by ours, and by ours behind the prefilter. Hostile: the slowest pattern on values made of pieces that it
 * half matches. V8 runs the hostile values in a thread of its own, which is ended when it takes too long.
 */
import { Worker } from 'node:worker_threads';
import { emitPattern } from '../kit/pcre/emit.ts';
import { parsePattern } from '../kit/pcre/parse.ts';
import { crsPatterns, ruleFolders } from '../test/waf/regex/rules.ts';
import { hostileFor, randomOf } from '../test/waf/regex/values.ts';
import { compilePattern, Matcher, type Pattern, sharedMatcher } from '../waf/regex/pattern.ts';
import { buildPrefilter } from '../waf/regex/prefilter.ts';
import { readTree } from '../waf/regex/tree.ts';

const quick = process.argv.includes('--quick');
const LONG_MS = quick ? 40 : 400;
const PATIENCE_MS = 2000;

const HEADERS = [
  'www.example.org',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'gzip, deflate, br, zstd',
  'en-US,en;q=0.9,de;q=0.8',
  'keep-alive',
  'https://www.example.org/shop/list?page=2',
  'no-cache',
  'same-origin',
  'sid=4f2a9c0e7b1d; theme=dark; cart=17%2C22',
  '4f2a9c0e7b1d',
  'dark',
  '17,22',
];
const REQUESTS: Record<string, readonly string[]> = {
  get: [
    ...HEADERS,
    '/shop/list',
    'list',
    'GET /shop/list?page=3&sort=price&q=red+shoes&size=42&lang=en HTTP/1.1',
    'page',
    'sort',
    'q',
    'size',
    'lang',
    '3',
    'price',
    'red shoes',
    '42',
    'en',
    'sid',
    'theme',
    'cart',
  ],
  form: [
    ...HEADERS,
    '/profile/save',
    'name',
    'Ada Lovelace',
    'mail',
    'ada@example.org',
    'street',
    "12 St. James's Square",
    'city',
    'London',
    'about',
    `I like engines & numbers; "poetical science" (as I call it) is what I do -- mostly on Mondays. ${'The engine might compose elaborate pieces of music. '.repeat(8)}`,
    'phone',
    '+44 20 7946 0018',
    'news',
    'on',
    'token',
    'c2Vzc2lvbiB0b2tlbiB3aXRoIDMyIGJ5dGVzIQ==',
    'site',
    'https://ada.example/',
  ],
  json: [
    ...HEADERS,
    '/api/orders',
    ...Array.from({ length: 226 }, (_, at) => [
      `json.items.${at}.sku`,
      `SKU-${at * 7919}`,
      `${at * 3.5}`,
    ]).flat(),
  ],
};

/** CPU time of this thread in ms: what others do on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** CPU time of one run in ms, the mean of as many as it takes: the kernel counts in steps of 4 ms. */
function meanOf(work: () => void): number {
  for (let run = 0; run < 3; run++) work();
  const start = cpuMs();
  let runs = 0;
  for (; cpuMs() - start < LONG_MS; runs++) work();
  return (cpuMs() - start) / runs;
}

/** The best of some runs in ms, by the clock: for what can be run for the first time only once. */
function bestOf(runs: number, work: () => void): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

const javascriptOf = (source: string): RegExp => {
  const { branches } = parsePattern(source, { dotAll: true, dollarEndOnly: true });
  return new RegExp(emitPattern(branches, false).source); // possessive groups are numbered anew: nobody looks at groups here
};

function runAll(values: readonly string[], testers: readonly { test(value: string): boolean }[]): void {
  for (const value of values) for (const tester of testers) tester.test(value);
}

function benign(patterns: readonly Pattern[], regexes: readonly RegExp[]): void {
  const prefilter = buildPrefilter(patterns);
  console.log(
    `prefilter: ${patterns.length - prefilter.unfiltered} of ${patterns.length} patterns have literals, ${(prefilter.tableBytes / 2 ** 20).toFixed(1)} MiB`,
  );
  console.log(
    'benign request     values    bytes   pairs |      V8     ours  ours ns/byte | scan alone  prefiltered   runs left',
  );
  for (const [name, all] of Object.entries(REQUESTS)) {
    const values = [...new Set(all)];
    const bytes = values.reduce((sum, value) => sum + value.length, 0);
    const v8 = meanOf(() => runAll(values, regexes));
    const ours = meanOf(() => runAll(values, patterns));
    const scan = meanOf(() => {
      for (const value of values) prefilter.scan(value);
    });
    let left = 0;
    const filtered = meanOf(() => {
      left = 0;
      for (const value of values) {
        const candidates = prefilter.scan(value);
        for (let word = 0; word < candidates.length; word++)
          for (let bits = candidates[word]!; bits !== 0; bits &= bits - 1) {
            left++;
            patterns[32 * word + 31 - Math.clz32(bits & -bits)]!.test(value);
          }
      }
    });
    const us = (ms: number) => `${(1000 * ms).toFixed(0)} us`.padStart(9);
    const perByte = ((1e6 * ours) / (bytes * patterns.length)).toFixed(2);
    console.log(
      `${name.padEnd(16)} ${String(values.length).padStart(8)} ${String(bytes).padStart(8)} ${String(values.length * patterns.length).padStart(7)} |${us(v8)}${us(ours)} ${perByte.padStart(12)}  | ${us(scan)}    ${us(filtered)} ${String(left).padStart(10)}`,
    );
  }
}

/** ms for a value when no states have been made yet. */
function anew(source: string, value: string): number {
  const fresh = Array.from({ length: 5 }, () => new Matcher().compile(source));
  return bestOf(fresh.length, () => void fresh.pop()!.test(value));
}

interface Hostile {
  readonly at: number;
  readonly value: string;
}

/** By length: the value that took longest for each pattern. */
function hostile(ids: readonly string[], patterns: readonly Pattern[]): Map<number, Hostile[]> {
  const random = randomOf(51);
  const worst = new Map<number, Hostile[]>();
  for (const length of quick ? [1 << 10] : [1 << 10, 8 << 10, 64 << 10]) {
    const values = patterns.map(({ source }) => {
      const { node } = readTree(source, {});
      return Array.from({ length: 6 }, () => hostileFor(node, length, random)).flat();
    });
    const start = cpuMs();
    const slowest = patterns.map((pattern, at) => ({ at, ...slowestOf(pattern, values[at]!) }));
    const meanUs = (1000 * (cpuMs() - start)) / values.flat().length;
    slowest.sort((a, b) => b.ms - a.ms);
    // What the machine's other work added is no cost of the pattern: the slowest are measured again.
    const again = slowest
      .slice(0, 40)
      .map(({ at, value }) => ({ id: ids[at], ms: anew(patterns[at]!.source, value) }))
      .sort((a, b) => b.ms - a.ms);
    const told = again.slice(0, 4).map(({ id, ms }) => `${id} ${ms.toFixed(2)}`);
    console.log(
      `hostile ${length} B: mean ${meanUs.toFixed(1)} us; the worst, with tables made anew: ${told.join(', ')} ms`,
    );
    worst.set(length, slowest);
  }
  return worst;
}

/** The first run of a value makes states; that is what a stranger can have once, so it counts. */
function slowestOf(pattern: Pattern, values: readonly string[]): { ms: number; value: string } {
  let slowest = { ms: 0, value: '' };
  for (const value of values) {
    const ms = bestOf(1, () => pattern.test(value));
    if (ms > slowest.ms) slowest = { ms, value };
  }
  return slowest;
}

/** Runs V8 on the hostile values, each with some patience. */
async function hostileToV8(
  values: readonly { at: number; value: string }[],
  sources: readonly RegExp[],
): Promise<string> {
  let hung = 0;
  let slow = 0;
  for (const { at, value } of values) {
    const code = `const { parentPort, workerData: [source, value] } = require('node:worker_threads');
      const start = performance.now(); new RegExp(source).test(value); parentPort.postMessage(performance.now() - start);`;
    const worker = new Worker(code, { eval: true, workerData: [sources[at]!.source, value] });
    const ms = await new Promise<number>(resolve => {
      const timer = setTimeout(() => resolve(Infinity), PATIENCE_MS);
      worker.once('message', (took: number) => {
        clearTimeout(timer);
        resolve(took);
      });
    });
    await worker.terminate();
    if (ms === Infinity) hung++;
    else if (ms > 50) slow++;
  }
  return `${hung} of ${values.length} not ready after ${PATIENCE_MS} ms, ${slow} others took more than 50 ms`;
}

function thrash(): void {
  const random = randomOf(52);
  const value = Array.from({ length: 64 << 10 }, () => 'ab'[random(2)]).join('');
  const source = '(?:a[ab]{16}|b[ab]{16}a)c';
  const measure = (name: string, patternTableBytes: number) => {
    const pattern = new Matcher({ patternTableBytes }).compile(source);
    const ms = meanOf(() => pattern.test(value));
    const { flushes, plainRuns, bytes } = pattern.statistics;
    console.log(
      `thrash ${name}: ${((1e6 * ms) / value.length).toFixed(0)} ns/byte, ${flushes} flushes, ${plainRuns} plain runs, ${bytes >> 10} KiB`,
    );
  };
  measure('with tables for all states', 64 << 20);
  measure('with 1 MiB', 1 << 20);
}

for (const folder of ruleFolders) {
  const rules = crsPatterns(folder);
  const start = cpuMs();
  const patterns = rules.map(({ source }) => compilePattern(source));
  console.log(`\n${folder}: ${patterns.length} patterns compiled in ${(cpuMs() - start).toFixed(0)} ms`);
  const regexes = rules.map(({ source }) => javascriptOf(source));
  benign(patterns, regexes);
  const used = () =>
    `${(sharedMatcher().memory.usedBytes / 2 ** 20).toFixed(1)} MiB of tables, ${patterns.reduce((sum, { statistics }) => sum + statistics.states, 0)} states, ${patterns.reduce((sum, { statistics }) => sum + statistics.flushes, 0)} flushes`;
  console.log(`after benign requests: ${used()}`);
  const worst = hostile(
    rules.map(({ id }) => id),
    patterns,
  );
  console.log(`after hostile values: ${used()}`);
  for (const [length, values] of worst)
    if (length <= 8 << 10)
      console.log(
        `V8 on the worst value of each pattern, ${length} B: ${await hostileToV8(quick ? values.slice(0, 20) : values, regexes)}`,
      );
}
thrash();
if (ruleFolders.length === 0)
  console.log('There are no rules: install modsecurity-crs, or name a tree in MOAT_CRS4.');
