/** `moat fmt`: a configuration in the one layout; printed, written back, or as a diff. */
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { formatConfig, renderDiagnostics, unifiedDiff } from '#config';
import { complain } from '../complaint.ts';
import { systemReason, textNamed } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';

const OPTIONS = {
  ...CONFIG_OPTIONS,
  diff: { type: 'boolean' },
  write: { type: 'boolean', short: 'w' },
} as const;

const DIFFERENT = 1;
const FAULTY = 3;

/**
 * Formats the files that are named, or the configuration file; `-` is stdin. What they include is left alone.
 *
 * @returns 0; with `--diff` 1 when a file is not in the layout; 3 when one cannot be read, written or understood
 */
export function run(args: readonly string[]): number {
  const { values, positionals } = readOptions(args, OPTIONS, Number.POSITIVE_INFINITY);
  const files = positionals.length > 0 ? positionals : [invocationFrom(values).file];
  return Math.max(...files.map(file => formatFile(file, values)));
}

function formatFile(file: string, { diff, write }: { diff?: boolean; write?: boolean }): number {
  try {
    const before = textNamed(file);
    const { text, diagnostics } = formatConfig(before, file);
    if (text === undefined) {
      process.stderr.write(renderDiagnostics(diagnostics, { texts: new Map([[file, before]]) }));
      return FAULTY;
    }
    if (write && file !== '-' && text !== before) replace(file, text);
    if (diff) process.stdout.write(unifiedDiff(before, text, [file, `${file} (formatted)`]), 'latin1');
    else if (!write || file === '-') process.stdout.write(text, 'latin1');
    return diff && !write && text !== before ? DIFFERENT : 0;
  } catch (fault) {
    complain('emerg', `cannot format ${file}: ${systemReason(fault)}`);
    return FAULTY;
  }
}

/** Whole or not at all: a reload in the same moment reads the old file or the new one. */
function replace(file: string, text: string): void {
  const path = Buffer.from(file, 'latin1');
  const beside = Buffer.from(`${file}.${process.pid}.tmp`, 'latin1');
  try {
    writeFileSync(beside, text, { encoding: 'latin1', mode: statSync(path).mode });
    renameSync(beside, path);
  } catch (fault) {
    rmSync(beside, { force: true }); // a full disk leaves the beginning of it
    throw fault;
  }
}
