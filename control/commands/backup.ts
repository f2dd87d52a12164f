/** `moat backup`: one encrypted file with all that a machine needs to take the place of this one. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { BackupFault } from '../backup/fault.ts';
import { makeBackup } from '../backup/make.ts';
import { PARTS } from '../backup/manifest.ts';
import { LEAST_PASSPHRASE, MOST_PASSPHRASE, refuseWeakPassphrase } from '../backup/seal.ts';
import { complain } from '../complaint.ts';
import type { Texts } from '../history/place.ts';
import type { Invocation } from '../invocation.ts';
import { systemReason } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { readSecret } from '../read-secret.ts';
import { socketOf } from '../running.ts';
import { ask } from '../status/client.ts';

const FAULTY = 1;
const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  events: { type: 'boolean' },
  'passphrase-file': { type: 'string' },
} as const;
/** Who is not its owner's group can read it. */
const OTHERS = 0o007;

/** @returns 1 when it is not made */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  const [to] = positionals;
  if (to === undefined) throw new OptionFault('say which file it is to be');
  const invocation = invocationFrom(values);
  const passphrase = await passphraseOf(values['passphrase-file'], true);
  try {
    const texts = await textsInForce(invocation);
    const wish = { invocation, texts, passphrase, events: values.events === true, to: resolve(to) };
    const { bytes, manifest } = await makeBackup(wish);
    const counts = Map.groupBy(manifest.entries, ({ part }) => part);
    const parts = PARTS.flatMap(part => (counts.has(part) ? [`${part} ${counts.get(part)?.length}`] : []));
    for (const one of manifest.missing) complain('warn', `not in the backup: ${one}`);
    if (values.json)
      process.stdout.write(`${JSON.stringify({ bytes, parts, missing: manifest.missing })}\n`, 'latin1');
    else process.stdout.write(`${to}: ${bytes} bytes: ${parts.join(', ')}\n`, 'latin1');
    return 0;
  } catch (fault) {
    if (fault instanceof OptionFault) throw fault;
    complain(
      'error',
      fault instanceof BackupFault ? fault.message : `no backup was made ${systemReason(fault)}`,
    );
    return FAULTY;
  }
}

/** Of the program that runs; undefined: none does. @throws {Error} when it does not tell */
export async function textsInForce(invocation: Invocation): Promise<Texts | undefined> {
  const answer = await askRunning(invocation, path =>
    ask(path, 'history-order', JSON.stringify({ kind: 'texts', which: 'force' })),
  );
  if (!answer) return undefined;
  if ('fault' in answer) throw new Error(answer.fault);
  return new Map(answer.done.texts);
}

/** @returns undefined when no program of this configuration answers */
export async function askRunning<T>(
  invocation: Invocation,
  question: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const path = socketOf(invocation);
  try {
    return await question(path);
  } catch (fault) {
    const { code = '' } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw fault;
  }
}

/** @param isNew asks a terminal twice @throws {OptionFault} */
export async function passphraseOf(file: string | undefined, isNew: boolean): Promise<string> {
  const passphrase = file === undefined ? await asked(isNew) : lineIn(file);
  try {
    refuseWeakPassphrase(passphrase);
  } catch (fault) {
    throw new OptionFault((fault as Error).message);
  }
  return passphrase;
}

async function asked(isNew: boolean): Promise<string> {
  const passphrase = await readSecret('passphrase');
  if (isNew && process.stdin.isTTY && (await readSecret('the same again')) !== passphrase)
    throw new OptionFault('the two are not the same');
  return passphrase;
}

function lineIn(path: string): string {
  let fd: number;
  try {
    fd = openSync(Buffer.from(path, 'latin1'), 'r');
  } catch (fault) {
    throw new OptionFault(`cannot read "${path}" ${systemReason(fault)}`);
  }
  try {
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw new OptionFault(`"${path}" is a directory`);
    if (stats.isFile() && (stats.mode & OTHERS) !== 0)
      throw new OptionFault(`"${path}" can be read by others: chmod 600, and take another passphrase`);
    const bytes = Buffer.alloc(MOST_PASSPHRASE + 2);
    let have = 0;
    for (let got = -1; got !== 0 && have < bytes.length; have += got)
      got = readSync(fd, bytes, have, bytes.length - have, null);
    const line = bytes.subarray(0, have).toString('latin1').split(/\r?\n/)[0] ?? '';
    if (line.length < LEAST_PASSPHRASE)
      throw new OptionFault(`the first line of "${path}" has less than ${LEAST_PASSPHRASE} bytes`);
    return line;
  } finally {
    closeSync(fd);
  }
}
