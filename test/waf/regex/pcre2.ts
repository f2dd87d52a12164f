/** PCRE2 itself, as the judge of our matcher: a small C program, compiled where libpcre2-dev is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  readonly source: string;
  readonly caseless?: boolean;
  readonly multiline?: boolean;
}

/** Groups 0 to 9 as first and end, or undefined; a verdict without groups is true. */
export type Groups = readonly (readonly [number, number] | undefined)[];

export interface Judged {
  /** Where PCRE2 found a fault; undefined when the pattern is good. */
  readonly faultAt: number | undefined;
  /** By value; undefined where PCRE2 gave up. */
  readonly verdicts: readonly (boolean | Groups | undefined)[];
}

export const skip: string | false = existsSync('/usr/include/pcre2.h')
  ? false
  : 'libpcre2-dev is not installed';

export interface How {
  /** Whether to tell groups, too. */
  readonly groups?: boolean;
  /** How much backtracking PCRE2 may do for a pair, in its own measure. */
  readonly limit?: number;
}

/** Compiles the judge. Dispose of it. */
export function pcre2(): Disposable & {
  judge(patterns: readonly Asked[], values: readonly string[], how?: How): Judged[];
} {
  const folder = mkdtempSync(join(tmpdir(), 'moat-pcre2-'));
  const program = join(folder, 'pcre2');
  const source = join(import.meta.dirname, 'pcre2.c');
  const built = spawnSync('cc', ['-O2', '-Wall', '-o', program, source, '-lpcre2-8'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`cc: ${built.stderr}`);
  return {
    judge(patterns, values, { groups = false, limit = 3_000_000 } = {}) {
      const input = Buffer.concat([
        Buffer.of(groups ? 1 : 0),
        number(limit),
        textsOf(patterns),
        valuesOf(values),
      ]);
      const { status, stdout, stderr } = spawnSync(program, { input, maxBuffer: 1 << 30 });
      if (status !== 0) throw new Error(`pcre2: ${status} ${stderr}`);
      return readJudged(stdout, patterns.length, values.length, groups);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const text = (value: string) => [number(value.length), Buffer.from(value, 'latin1')];

const valuesOf = (values: readonly string[]) =>
  Buffer.concat([number(values.length), ...values.flatMap(text)]);

const textsOf = (patterns: readonly Asked[]) =>
  Buffer.concat([
    number(patterns.length),
    ...patterns.flatMap(({ source, caseless, multiline }) => [
      Buffer.of((caseless ? 1 : 0) | (multiline ? 2 : 0)),
      ...text(source),
    ]),
  ]);

function readJudged(bytes: Buffer, patterns: number, values: number, groups: boolean): Judged[] {
  let at = 0;
  const int = () => bytes.readInt32LE((at += 4) - 4);
  const pairs = (): Groups =>
    Array.from({ length: 10 }, () => {
      const [from, to] = [int(), int()];
      return from < 0 ? undefined : ([from, to] as const);
    });
  return Array.from({ length: patterns }, () => {
    const fault = int();
    if (fault > 0) return { faultAt: fault - 1, verdicts: [] };
    const verdicts = Array.from({ length: values }, () => {
      const verdict = bytes.readInt8(at++);
      if (verdict < 0) return undefined;
      return verdict === 1 && groups ? pairs() : verdict === 1;
    });
    return { faultAt: undefined, verdicts };
  });
}
