/** Reads tap's TAP from stdin: shows each test file and every failure, and ends with the count of tests. */
import { createInterface } from 'node:readline';

const INDENT = 4;
const POINT = /^( *)(not )?ok \d+(?: - (.*?))?(?:\s+# (skip|todo|time)\b.*)?$/i;
/** Why a whole file failed: a line of the diagnostic after its point at depth 0. */
const FILE_END = /^ {2}(exitCode|signal|expired): (?!null)/;

type Count = { passed: number; failed: number; skipped: number };

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
      return this.point(point[1]!.length / INDENT, !point[2], point[3] ?? '', point[4]?.toLowerCase());
    if (/^ +---$/.test(text)) this.yamlEnd = text.replace('---', '...');
    const plan = /^1\.\.(\d+)/.exec(text);
    if (plan) this.planned = Number(plan[1]);
    return [];
  }

  private inYaml(text: string): string[] {
    if (text === this.yamlEnd) this.yamlEnd = undefined;
    else if (this.failing) this.file.failures.push(text);
    return FILE_END.test(text) ? [`  ${text}`] : [];
  }

  private point(depth: number, good: boolean, name: string, directive: string | undefined): string[] {
    const isLeaf = (this.seen[depth + 1] ?? 0) === 0;
    this.seen[depth] = (this.seen[depth] ?? 0) + 1;
    this.seen[depth + 1] = 0;
    if (depth === 0) return this.endFile(good, name);
    const skipped = directive === 'skip' || directive === 'todo';
    this.failing = !good && !skipped;
    if (this.failing) this.file.failures.push(`${' '.repeat(depth * INDENT)}not ok - ${name}`);
    if (isLeaf) this.file[skipped ? 'skipped' : good ? 'passed' : 'failed']++;
    return [];
  }

  private endFile(good: boolean, name: string): string[] {
    const { file, total } = this;
    if (good && file.passed + file.failed + file.skipped === 0)
      file.failures.push('    no test in this file');
    else if (!good && file.failed === 0) file.failures.push('    the file ended badly after its last test');
    if (file.failures.length > 0 && file.failed === 0) file.failed = 1;
    this.files++;
    this.file = newReport();
    this.failing = false;
    total.passed += file.passed;
    total.failed += file.failed;
    total.skipped += file.skipped;
    return [`${file.failed ? 'FAIL' : 'ok  '} ${name}: ${wording(file)}`, ...file.failures];
  }
}

/** "123 passed, 0 failed, 2 skipped" */
export const wording = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

async function main(): Promise<number> {
  const tally = new Tally();
  for await (const line of createInterface(process.stdin)) {
    for (const shown of tally.line(line)) console.log(shown);
  }
  const { total, files, planned } = tally;
  if (files !== planned) {
    console.log(`tap ended early: ${files} of ${planned ?? 'an unknown number of'} files are done`);
    total.failed++;
  } else if (total.passed === 0) console.log('no test has run');
  console.log(wording(total));
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main();
