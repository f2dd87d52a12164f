/**
 * Puts what was restored in its places: whole, or not at all. What is to be done lies in a folder beside the history; the rename that gives that folder its
 * name `restore-decided` decides. Whoever is killed before has changed nothing; whoever is killed behind it is followed by a start of moat that does the rest.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { stage, syncFolder } from '../history/files.ts';
import { historyFolder } from '../history/place.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { makeFolders } from './places.ts';
import type { Step } from './plan.ts';
import { contentPath } from './unpack.ts';

const OWNER_ONLY = 0o600;
const STAGE = /^(restore|backup)-[\w-]{1,64}$/;

export const decidedFolder = ({ file }: Invocation): string => `${historyFolder(file)}/restore-decided`;

/** Where a backup may be opened into; latin1. Makes the folder around it. @param name of nobody else */
export function stageFolder({ file }: Invocation, name: string): string {
  const stageName = `restore-${name}`;
  if (!STAGE.test(stageName) || stageName === 'restore-decided')
    throw new Error(`"${name}" is no name of a restore`);
  mkdirSync(bytesOf(historyFolder(file)), { recursive: true, mode: 0o700 });
  return `${historyFolder(file)}/${stageName}`;
}

export const isDecided = (invocation: Invocation): boolean => existsSync(bytesOf(decidedFolder(invocation)));

const stepsPath = (folder: string): string => `${folder}/steps.json`;

/** What moat keeps for itself, on the disk already beside its places. */
export interface Laid {
  put(): void;
  abandon(): void;
}

/** Copies what moat keeps for itself beside its places: a full disk refuses here. @throws {Error} of the file system; then nothing lies there */
export function layBeside(folder: string, steps: readonly Step[]): Laid {
  const states = steps.filter(({ kind }) => kind !== 'file');
  const abandon = () => {
    for (const { place } of states) rmSync(bytesOf(besideOf(place)), { force: true });
  };
  try {
    for (const step of states) lay(folder, step);
  } catch (fault) {
    abandon();
    throw fault;
  }
  return {
    abandon,
    put() {
      for (const step of states) put(step);
    },
  };
}

const besideOf = (place: string): string => `${place}.moat-new`;

function lay(folder: string, { number, place }: Step): void {
  const beside = bytesOf(besideOf(place));
  mkdirSync(bytesOf(dirname(place)), { recursive: true, mode: 0o700 });
  rmSync(beside, { force: true });
  copyFileSync(bytesOf(contentPath(folder, number)), beside, constants.COPYFILE_EXCL);
  chmodSync(beside, OWNER_ONLY);
  sync(beside);
}

/** What SQLite keeps beside a database belongs to the one that goes. */
function put({ place, kind }: Step): void {
  if (kind === 'database')
    for (const end of ['-wal', '-shm']) rmSync(bytesOf(`${place}${end}`), { force: true });
  renameSync(bytesOf(besideOf(place)), bytesOf(place));
  syncFolder(dirname(place));
}

function sync(path: Buffer): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** From here on there is no way back. @throws {Error} when another one is decided, or the disk refuses; then nothing is */
export function decide(folder: string, steps: readonly Step[], invocation: Invocation): void {
  writeFileSync(bytesOf(stepsPath(folder)), JSON.stringify(steps), { mode: OWNER_ONLY, flush: true });
  syncFolder(folder);
  renameSync(bytesOf(folder), bytesOf(decidedFolder(invocation)));
  syncFolder(historyFolder(invocation.file));
}

/** What was decided is done, or taken back while it can be. */
export function forget(invocation: Invocation): void {
  if (!isDecided(invocation)) return;
  const done = stageFolder(invocation, `done-${process.pid}-${Date.now()}`);
  renameSync(bytesOf(decidedFolder(invocation)), bytesOf(done)); // whoever is killed while it is taken away has done all of it
  rmSync(bytesOf(done), { recursive: true, force: true });
}

/** Does all of what was decided, once more if need be. @returns whether there was anything @throws {Error} of the file system: it stays decided */
export function finishDecided(invocation: Invocation): boolean {
  const folder = decidedFolder(invocation);
  if (!isDecided(invocation)) return false;
  const steps: readonly Step[] = JSON.parse(readFileSync(bytesOf(stepsPath(folder)), 'utf8'));
  const laid = layBeside(folder, steps);
  const files = steps.filter(({ kind }) => kind === 'file');
  for (const { place } of files) mkdirSync(bytesOf(dirname(place)), { recursive: true });
  const text = ({ number }: Step) => readFileSync(bytesOf(contentPath(folder, number)), 'latin1');
  const modes = new Map(files.map(({ place, mode }) => [place, mode]));
  stage(new Map(files.map(step => [step.place, text(step)])), modes).commit();
  laid.put();
  forget(invocation);
  return true;
}

/** What was begun by who was killed, and never decided. */
export function sweep({ file }: Invocation): void {
  const home = historyFolder(file);
  if (!existsSync(bytesOf(home))) return;
  for (const name of readdirSync(bytesOf(home), 'latin1'))
    if (STAGE.test(name) && name !== 'restore-decided')
      rmSync(bytesOf(`${home}/${name}`), { recursive: true, force: true });
}

/** Folders for files that are new. @param home whose limit it is; undefined: none @throws {BackupFault} when a link leads elsewhere */
export function makeRoom(steps: readonly Step[], invocation: Invocation, outside: boolean): void {
  for (const { place, kind } of steps) {
    if (kind !== 'file') continue;
    if (outside && !place.startsWith(`${dirname(invocation.file)}/`))
      mkdirSync(bytesOf(dirname(place)), { recursive: true });
    else makeFolders(place, invocation);
  }
}
