/**
 * Reads tap's TAP from stdin: shows each test file and every failure, and ends with the count of tests.
 * With --again a few files that fail are run once more, one at a time: what fails beside others only, for want of the machine, is said
 * and does not end a run of thousands; what is wrong fails twice.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const INDENT = 4;
/** More than these at once is no matter of chance. */
const MOST_AGAIN = 3;
const POINT = /^( *)(not )?ok \d+(?: - (.*?))?(?:\s+# (skip|todo|time)\b(?:=(\d+)[\d.]*ms)?.*)?$/i;
/** Files that took longer say so: what CI waits for. */
const LONG_S = 10;
/** Why a whole file failed: a line of the diagnostic after its point at depth 0. */
const FILE_END = /^ {2}(exitCode|signal|expired): (?!null)/;

type Count = { passed: number; failed: number; skipped: number };

const NOTHING: Count = { passed: 0, failed: 0, skipped: 0 };
/** The name of a point that stands for no file. */
const TIMEOUT = 'timeout!';

/** What one file has shown so far. */
type FileReport = Count & { failures: string[] };

const newReport = (): FileReport => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

/**
 * Counts leaves: a point that follows points of its own is their summary. A file is a point at depth 0; it counts only when
 * it failed without a failed test (it crashed, hung, exited early), or when it held no test.
 */
export class Tally {
  readonly total: Count = { passed: 0, failed: 0, skipped: 0 };
  /** From the plan line "1..N" at depth 0; undefined until it comes. */
  planned: number | undefined;
  files = 0;
  /** Files that failed, with what they added to the total. */
  readonly failed = new Map<string, Count>();
  private file = newReport();
  /** Points seen at each depth since the last point above it. */
  private readonly seen: number[] = [];
  /** The line that ends the YAML block we are in: nothing inside is a point. */
  private yamlEnd: string | undefined;
  private failing = false;

  /** Takes one line. @returns lines to show, when a file is complete */
  line(text: string): string[] {
    if (this.yamlEnd !== undefined) return this.inYaml(text);
    const point = POINT.exec(text);
    if (point)
      return this.point(
        point[1]!.length / INDENT,
        !point[2],
        point[3] ?? '',
        point[4]?.toLowerCase(),
        Number(point[5] ?? 0) / 1000,
      );
    if (/^ +---$/.test(text)) this.yamlEnd = text.replace('---', '...');
    const plan = /^1\.\.(\d+)/.exec(text);
    if (plan) this.planned = Number(plan[1]);
    return [];
  }

  private inYaml(text: string): string[] {
    const [, expired] = /^ {2}expired: (\S+)/.exec(text) ?? [];
    if (expired) this.expire(expired);
    if (text === this.yamlEnd) this.yamlEnd = undefined;
    else if (this.failing) this.file.failures.push(text);
    return FILE_END.test(text) ? [`  ${text}`] : [];
  }

  /** tap says "timeout!" of a file that it has ended, beside the file's own point: both are that file's. */
  private expire(name: string): void {
    const said = this.failed.get(TIMEOUT);
    if (!said) return;
    this.failed.delete(TIMEOUT);
    const both = { ...(this.failed.get(name) ?? NOTHING) };
    add(both, said);
    this.failed.set(name, both);
  }

  private point(
    depth: number,
    good: boolean,
    name: string,
    directive: string | undefined,
    tookS: number,
  ): string[] {
    const isLeaf = (this.seen[depth + 1] ?? 0) === 0;
    this.seen[depth] = (this.seen[depth] ?? 0) + 1;
    this.seen[depth + 1] = 0;
    if (depth === 0) return this.endFile(good, name, tookS);
    const skipped = directive === 'skip' || directive === 'todo';
    this.failing = !good && !skipped;
    if (this.failing) this.file.failures.push(`${' '.repeat(depth * INDENT)}not ok - ${name}`);
    if (isLeaf) this.file[skipped ? 'skipped' : good ? 'passed' : 'failed']++;
    return [];
  }

  private endFile(good: boolean, name: string, tookS: number): string[] {
    const { file, total } = this;
    if (good && file.passed + file.failed + file.skipped === 0)
      file.failures.push('    no test in this file');
    else if (!good && file.failed === 0) file.failures.push('    the file ended badly after its last test');
    if (file.failures.length > 0 && file.failed === 0) file.failed = 1;
    this.files++;
    this.file = newReport();
    this.failing = false;
    add(total, file);
    if (file.failed > 0) this.failed.set(name, file);
    const took = tookS < LONG_S ? '' : ` (${Math.round(tookS)} s)`;
    return [`${file.failed ? 'FAIL' : 'ok  '} ${name}: ${wording(file)}${took}`, ...file.failures];
  }
}

/** "123 passed, 0 failed, 2 skipped" */
export const wording = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

const add = (total: Count, { passed, failed, skipped }: Count, sign: 1 | -1 = 1): void => {
  total.passed += sign * passed;
  total.failed += sign * failed;
  total.skipped += sign * skipped;
};

/** Shows what a run of tap writes. */
async function read(tap: Readable): Promise<Tally> {
  const tally = new Tally();
  for await (const line of createInterface(tap)) {
    for (const shown of tally.line(line)) console.log(shown);
  }
  const { files, planned, total } = tally;
  if (files === planned) return tally;
  console.log(`tap ended early: ${files} of ${planned ?? 'an unknown number of'} files are done`);
  total.failed++;
  tally.failed.clear();
  return tally;
}

/** Runs a file that failed by itself, and lets that count in the place of its first run. */
async function again(total: Count, name: string, first: Count): Promise<void> {
  console.log(`again, with nothing beside it: ${name}`);
  const tap = spawn('tap', ['--reporter=tap', name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const second = await read(tap.stdout);
  add(total, first, -1);
  add(total, second.total);
  if (second.total.failed === 0) console.log(`UNSTEADY ${name}: failed, then passed`);
}

async function main(): Promise<number> {
  const { total, failed } = await read(process.stdin);
  if (process.argv.includes('--again') && failed.size <= MOST_AGAIN)
    for (const [name, first] of failed) await again(total, name, first);
  if (total.passed === 0) console.log('no test has run');
  console.log(wording(total));
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main();
