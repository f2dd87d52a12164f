/** Files of names and password hashes (htpasswd), read again when they change. */
import { readFileSync, statSync } from 'node:fs';
import { systemPath } from '../content/file-path.ts';

/** File names may come from variables, so strangers choose among them: only so many are kept. */
const MOST_FILES = 128;

interface UserFile {
  readonly mtimeMs: number;
  readonly size: number;
  readonly inode: number;
  /** Name → hash as written. */
  readonly hashes: ReadonlyMap<string, string>;
}

export class UserFiles {
  readonly #files = new Map<string, UserFile>();

  /**
   * The hash of a user; undefined when the file has none. Looks at the file's time each time: a few microseconds.
   *
   * @throws {NodeJS.ErrnoException} when the file can not be read
   */
  hashOf(path: string, user: string): string | undefined {
    const { mtimeMs, size, ino } = statSync(systemPath(path));
    const known = this.#files.get(path);
    if (known && known.mtimeMs === mtimeMs && known.size === size && known.inode === ino)
      return known.hashes.get(user);
    const hashes = parseUsers(readFileSync(systemPath(path), 'latin1'));
    this.#files.delete(path);
    if (this.#files.size >= MOST_FILES) this.#files.delete(this.#files.keys().next().value!);
    this.#files.set(path, { mtimeMs, size, inode: ino, hashes });
    return hashes.get(user);
  }
}

/** `name:hash`, and what follows another colon is a comment; the first line of a name counts. */
function parseUsers(text: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.startsWith('\r')) continue;
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const user = line.slice(0, colon);
    const hash = /^[^:\r]*/.exec(line.slice(colon + 1))![0];
    if (!hashes.has(user)) hashes.set(user, hash);
  }
  return hashes;
}
