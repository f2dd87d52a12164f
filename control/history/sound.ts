/** Whether what is wished for may come into force: where its files lie, what lies there by now, and whether it is sound. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Model } from '#model/main.ts';
import { refuse } from '../api/refusal.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Trial } from '../load.ts';
import { loadWithRules } from '../waf/load-rules.ts';
import { readText, refuseOutside } from './files.ts';
import type { Texts } from './place.ts';
import type { ConfigRecord } from './record.ts';
import type { ApplyWish, Hands, RestoreFiles } from './wish.ts';

/** Undefined where there is none, or it cannot be read. */
export function onDisk(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    return undefined;
  }
}

/** Files of the configuration in force that somebody has changed since. */
export const driftOf = (inForce: Texts): string[] =>
  [...inForce].flatMap(([path, text]) => (onDisk(path) === text ? [] : [path]));

/** What a wish would bring into force, to be checked. @throws {Refusal} when a file may not be written */
export function trialOf(files: ApplyWish['files'], { invocation: { file }, texts }: Hands): Trial {
  const inForce = texts();
  for (const [path] of files) {
    try {
      refuseOutside(path, file);
    } catch (fault) {
      throw refuse(422, 'outside', (fault as Error).message);
    }
    if (!inForce.has(path) && path !== file && onDisk(path) !== undefined)
      throw refuse(
        422,
        'not-configuration',
        `"${path}" is there, and is no file of the configuration in force`,
      );
  }
  const folder = realpathSync(bytesOf(dirname(file)), { encoding: 'latin1' });
  return { texts: new Map(files), folder, known: new Set(inForce.keys()) };
}

/** What it includes elsewhere lies there already, or is written with it. */
function restoreTrialOf({ files = [], beside }: RestoreFiles, inForce: Texts): Trial {
  const known = new Set([...inForce.keys(), ...files.map(([path]) => path)]);
  return { texts: new Map([...files, ...beside]), folder: '/', known };
}

/**
 * What a wish would be in force.
 *
 * @param record keeps what was written by hand, and is replaced
 * @param whole what it is to be with all its files; undefined: what it becomes
 * @throws {Refusal} when it may not come into force
 */
export function soundOf(
  wish: ApplyWish,
  hands: Hands,
  record: ConfigRecord,
  whole?: Texts,
  restore?: RestoreFiles,
): { readonly model: Model; readonly texts: Texts } {
  const inForce = hands.texts();
  const trial = restore ? restoreTrialOf(restore, inForce) : trialOf(wish.files, hands);
  refuseDrift(wish, driftOf(inForce), record);
  const { model, texts } = loadWithRules(hands.invocation, trial);
  if (!model) throw refuse(422, 'faulty', 'the configuration is faulty: moat check tells where');
  const stray = wish.files.find(([path]) => !texts.has(path));
  if (stray)
    throw refuse(422, 'not-included', `nothing includes "${stray[0]}" by its name: it is not written`);
  const more = whole && [...texts.keys()].find(path => !whole.has(path));
  if (more !== undefined)
    throw refuse(
      409,
      'more-files',
      `"${more}" is included, and that revision did not have it: move it away first`,
    );
  return { model, texts };
}

/** What was written by hand is kept before it is replaced. */
function refuseDrift({ files, overDrift }: ApplyWish, drift: readonly string[], record: ConfigRecord): void {
  if (drift.length === 0) return;
  if (!overDrift)
    throw refuse(
      409,
      'drift',
      `changed on the disk, and not in force: ${drift.join(', ')}: reload first, or say that it may be replaced`,
    );
  const wanted = new Map(files);
  const lost = drift.filter(path => wanted.has(path) && wanted.get(path) !== onDisk(path));
  if (lost.length > 0) record.keepByHand(new Map(lost.map(path => [path, onDisk(path) ?? ''])));
}
