/** Configuration files on the disk: replaced whole, with owner and mode kept, and only beside the main file or below. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { bytesOf } from '../host/path-bytes.ts';
import { systemReason } from '../load.ts';

const NEW_MODE = 0o640;

/** @returns undefined where there is no file @throws {Error} when it cannot be read */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(bytesOf(path), 'latin1');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/** Where a file really is: what stands at the end of a symlink is replaced, not the link. */
function realOf(path: string): string {
  const real = (one: string) => realpathSync(bytesOf(one), { encoding: 'latin1' });
  return statSync(bytesOf(path), { throwIfNoEntry: false })
    ? real(path)
    : `${real(dirname(path))}/${basename(path)}`;
}

/** @param mainFile whose folder is the limit @throws {Error} when the path leads out of it */
export function refuseOutside(path: string, mainFile: string): void {
  const folder = dirname(realOf(mainFile));
  const isPlain = path.startsWith('/') && !path.includes('\0');
  if (isPlain && (path === mainFile || realOf(path).startsWith(`${folder}/`))) return;
  throw new Error(`"${path}" does not lie beside the main file or below: it is not written`);
}

/** New texts, on the disk already beside the files that they will take the place of. */
export interface Staged {
  /** Puts them all in their places; takes no more room. @throws {Error} of the file system, in the middle perhaps */
  commit(): void;
  /** Takes away what lies beside. */
  abandon(): void;
}

/** @param texts by path; undefined: the file goes @param modes of those that are made anew @throws {Error} when the disk refuses one; then nothing has changed */
export function stage(
  texts: ReadonlyMap<string, string | undefined>,
  modes: ReadonlyMap<string, number> = new Map(),
): Staged {
  const ready: { readonly beside: string | undefined; readonly place: string }[] = [];
  const abandon = () => {
    for (const { beside } of ready) if (beside !== undefined) rmSync(bytesOf(beside), { force: true });
  };
  try {
    for (const [path, text] of texts) {
      const place = realOf(path);
      if (text === undefined) ready.push({ beside: undefined, place });
      else {
        const beside = `${dirname(place)}/.${basename(place)}.moat-new`;
        ready.push({ beside, place });
        writeBeside(beside, place, text, modes.get(path) ?? NEW_MODE);
      }
    }
  } catch (fault) {
    abandon();
    throw new Error(`the files cannot be written ${systemReason(fault)}`, { cause: fault });
  }
  return {
    abandon,
    commit() {
      for (const { beside, place } of ready)
        if (beside === undefined) rmSync(bytesOf(place), { force: true });
        else renameSync(bytesOf(beside), bytesOf(place));
      for (const folder of new Set(ready.map(({ place }) => dirname(place)))) syncFolder(folder);
    },
  };
}

function writeBeside(beside: string, place: string, text: string, newMode: number): void {
  const now = statSync(bytesOf(place), { throwIfNoEntry: false });
  rmSync(bytesOf(beside), { force: true }); // of a process that was killed
  const fd = openSync(bytesOf(beside), 'wx', 0o600);
  try {
    if (now) fchownSync(fd, now.uid, now.gid);
    fchmodSync(fd, now ? now.mode & 0o7777 : newMode);
    writeFileSync(fd, text, 'latin1');
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** So that the new names outlive a loss of power. */
export function syncFolder(folder: string): void {
  const fd = openSync(bytesOf(folder), 'r');
  fsyncSync(fd);
  closeSync(fd);
}
