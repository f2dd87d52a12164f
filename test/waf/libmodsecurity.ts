/** libmodsecurity as a witness: the same question to it and to us. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Question {
  /** Names of transformations, in order. */
  readonly transforms: readonly string[];
  /** As in a rule: `@rx ab+c`. */
  readonly operator: string;
  /** One-byte string. */
  readonly value: string;
}

export interface Answer {
  readonly isMatch: boolean;
  /** The transformed value; empty when the operator did not match. */
  readonly value: string;
}

/** Why the witness cannot be heard here, or undefined when it can. */
export function absence(): string | undefined {
  if (!existsSync('/usr/include/modsecurity/transaction.h')) return 'libmodsecurity-dev is not installed';
  return spawnSync('g++', ['--version']).status === 0 ? undefined : 'g++ is not installed';
}

function run(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    input,
    maxBuffer: 1 << 28,
    encoding: 'latin1',
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

const hex = (value: string): string => Buffer.from(value, 'latin1').toString('hex');

/** Compiles the witness, asks all questions, and gives the answers in their order. */
export function ask(questions: readonly Question[]): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'moat-witness-'));
  try {
    const program = join(folder, 'witness');
    const source = new URL('./libmodsecurity.cc', import.meta.url).pathname;
    run('g++', ['-std=c++17', '-O1', '-o', program, source, '-lmodsecurity']);
    const lines = questions.map(
      ({ transforms, operator, value }) =>
        `${transforms.map(t => `,t:${t}`).join('')}\t${operator}\t${hex(value)}\n`,
    );
    return run(program, [], lines.join(''))
      .split('\n')
      .slice(0, questions.length)
      .map(line => {
        const [match, value = ''] = line.split('\t');
        return { isMatch: match === '1', value: Buffer.from(value, 'hex').toString('latin1') };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
