/** `moat restore`: what is in a backup, what it would change here, and, after a question, the change. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { finishDecided, stageFolder } from '../backup/commit.ts';
import { BackupFault } from '../backup/fault.ts';
import { isPart, PARTS, type Part } from '../backup/manifest.ts';
import { type Preview, planOf } from '../backup/plan.ts';
import { restoreAtRest } from '../backup/restore.ts';
import { type Opened, unpack } from '../backup/unpack.ts';
import { complain } from '../complaint.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { ask } from '../status/client.ts';
import { tableOf } from '../status/text.ts';
import { askRunning, passphraseOf, textsInForce } from './backup.ts';

const FAULTY = 1;
const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  outside: { type: 'boolean' },
  only: { type: 'string', multiple: true },
  'passphrase-file': { type: 'string' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

interface Wish {
  readonly invocation: Invocation;
  readonly only: readonly Part[] | undefined;
  readonly outside: boolean;
}

/** @returns 1 when it is not restored, or could not be */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  const [archive] = positionals;
  if (archive === undefined) throw new OptionFault('say which file');
  const wish = {
    invocation: invocationFrom(values),
    only: partsOf(values.only),
    outside: values.outside === true,
  };
  if (!values['dry-run'] && !values.yes && !process.stdin.isTTY)
    throw new OptionFault('say --yes, or --dry-run: there is nobody to ask');
  const passphrase = await passphraseOf(values['passphrase-file'], false);
  let opened: Opened | undefined;
  try {
    const name = randomBytes(8).toString('hex');
    opened = await unpack(resolve(archive), passphrase, stageFolder(wish.invocation, name));
    return await go(opened, wish, values);
  } catch (fault) {
    if (fault instanceof OptionFault) throw fault;
    complain(
      'error',
      fault instanceof BackupFault ? fault.message : `nothing is restored: ${systemReason(fault)}`,
    );
    return FAULTY;
  } finally {
    if (opened) rmSync(bytesOf(opened.folder), { recursive: true, force: true });
  }
}

function partsOf(words: readonly string[] | undefined): readonly Part[] | undefined {
  return words
    ?.flatMap(word => word.split(','))
    .map(word => {
      if (isPart(word)) return word;
      throw new OptionFault(`--only "${word}" is not one of ${PARTS.join(', ')}`);
    });
}

async function go(opened: Opened, wish: Wish, values: Values): Promise<number> {
  const texts = await textsInForce(wish.invocation);
  if (!texts && finishDecided(wish.invocation))
    complain('notice', 'a restore that was cut short is done first');
  const { preview } = planOf(opened, { ...wish, texts, isRoot: true });
  if (!values.json) process.stdout.write(previewText(preview), 'latin1');
  for (const fault of preview.faults) complain('error', fault);
  if (values['dry-run'] && values.json) process.stdout.write(`${JSON.stringify(preview)}\n`, 'latin1');
  if (values['dry-run'] || preview.faults.length > 0) return preview.faults.length > 0 ? FAULTY : 0;
  if (!values.yes && !(await isMeant())) return FAULTY;
  const { folder } = opened;
  const { invocation, ...rest } = wish;
  const order = JSON.stringify({ folder, ...rest });
  const answer = texts && (await askRunning(invocation, path => ask(path, 'restore-order', order)));
  if (!answer) restoreAtRest({ folder, ...rest }, invocation);
  else if ('fault' in answer) throw new Error(answer.fault);
  const said = answer
    ? 'restored, and in force in all workers'
    : 'restored: it is in force when moat is started';
  process.stdout.write(values.json ? `${JSON.stringify(preview)}\n` : `${said}\n`, 'latin1');
  return 0;
}

async function isMeant(): Promise<boolean> {
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  const said = await asker.question('Restore it? (yes/no) ');
  asker.close();
  return /^y(es)?$/i.test(said.trim());
}

function previewText({ moat, host, createdMs, items, diff, missing }: Preview): string {
  const head = `made by moat ${moat} on ${host}, ${new Date(createdMs).toISOString()}\n`;
  const rows = items.map(({ part, name, change, detail }) => [part, name, change, detail]);
  const lost = missing.map(one => `was not in it when it was made: ${one}\n`).join('');
  return `${head}${tableOf(['part', 'name', '', ''], rows)}${lost}${diff}`;
}
