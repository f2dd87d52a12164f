/** Unpacks a release of the OWASP rules: only what rules need, into a folder that is whole or not there. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readTar, TarFault, type TarFile } from './tar.ts';

/** What is not as it should be, with nothing written. */
export class InstallFault extends Error {
  override readonly name = 'InstallFault';
}

const MOST_UNPACKED_BYTES = 256 << 20;
/** Rules with their data, settings, plugins, and what says whose they are. */
const WANTED =
  /^(?:rules\/[^/]+\.(?:conf|data|conf\.example)|crs-setup\.conf\.example|plugins\/[^/]+\.(?:conf|data)|LICENSE|CHANGES\.md|README\.md)$/;

export interface Release {
  /** The folder that all of it lies in: `coreruleset-4.25.0`. */
  readonly name: string;
  readonly files: readonly TarFile[];
}

/**
 * @param archive .tar.gz
 * @param sha256 hexadecimal digits, in lower case
 * @throws {InstallFault} when it is another file, or no release
 */
export function openRelease(archive: Buffer, sha256: string): Release {
  const found = createHash('sha256').update(archive).digest('hex');
  if (found !== sha256)
    throw new InstallFault(`its SHA-256 is ${found}, not ${sha256}: it is another file, nothing is unpacked`);
  const files = unpacked(archive);
  const [name = ''] = files[0]?.path.split('/') ?? [];
  if (files.some(({ path }) => !path.startsWith(`${name}/`)))
    throw new InstallFault('its files do not lie in one folder: that is no release of the OWASP rules');
  const wanted = files
    .map(({ path, content }) => ({ path: path.slice(name.length + 1), content }))
    .filter(({ path }) => WANTED.test(path));
  if (!wanted.some(({ path }) => /^rules\/REQUEST-\d+.*\.conf$/.test(path)))
    throw new InstallFault('there are no OWASP rules in it');
  return { name, files: wanted };
}

function unpacked(archive: Buffer): readonly TarFile[] {
  try {
    return readTar(gunzipSync(archive, { maxOutputLength: MOST_UNPACKED_BYTES })).files;
  } catch (fault) {
    if (fault instanceof TarFault) throw new InstallFault(fault.message, { cause: fault });
    throw new InstallFault(`it cannot be unpacked: ${(fault as Error).message}`, { cause: fault });
  }
}

/** @param folder must not be there @throws {InstallFault} when it is @throws {Error} of the file system */
export function installRelease({ files }: Release, folder: string): void {
  const target = resolve(folder);
  if (existsSync(target))
    throw new InstallFault(`${target} is there already: remove it, or name another by --to`);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = mkdtempSync(join(dirname(target), '.fetch-crs-'));
  try {
    for (const { path, content } of files) {
      mkdirSync(dirname(join(temporary, path)), { recursive: true });
      writeFileSync(join(temporary, path), content, { flag: 'wx', mode: 0o644 });
    }
    chmodSync(temporary, 0o755);
    renameSync(temporary, target);
  } catch (fault) {
    rmSync(temporary, { recursive: true, force: true });
    throw fault;
  }
}
