/** `moat waf fetch-crs`: a release of the OWASP rules, taken only when it is the very file that is meant. */
import { join } from 'node:path';
import { OptionFault } from '../../options.ts';
import { DownloadFault, download } from '../fetch/download.ts';
import { InstallFault, installRelease, openRelease } from '../fetch/install.ts';

const LIMITS = { bytes: 64 << 20, timeoutMs: 120_000 };

export interface Wish {
  /** `4.25.0`, or an https:// address of a .tar.gz. */
  readonly word: string | undefined;
  readonly sha256: string | undefined;
  /** The folder that it becomes; undefined: below `parent`, named as the release names itself. */
  readonly to: string | undefined;
  readonly parent: string;
}

/** @returns the folder and how many files are in it @throws {OptionFault} @throws {Error} with what went wrong, and nothing written */
export async function fetchCrs({
  word,
  sha256,
  to,
  parent,
}: Wish): Promise<{ folder: string; files: number }> {
  const url = addressOf(word);
  const hash = sha256?.toLowerCase();
  if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash))
    throw new OptionFault(
      'which file is meant? Write --sha256 with the 64 digits that you have checked against the signature of the release',
    );
  try {
    const release = openRelease(await download(url, LIMITS), hash);
    const folder = to ?? join(parent, release.name);
    installRelease(release, folder);
    return { folder, files: release.files.length };
  } catch (fault) {
    if (fault instanceof DownloadFault || fault instanceof InstallFault)
      throw new Error(`cannot fetch ${url.href}: ${fault.message}`, { cause: fault });
    throw fault;
  }
}

function addressOf(word: string | undefined): URL {
  if (word !== undefined && /^v?\d+\.\d+\.\d+$/.test(word))
    return new URL(
      `https://github.com/coreruleset/coreruleset/archive/refs/tags/v${word.replace(/^v/, '')}.tar.gz`,
    );
  if (word === undefined || !URL.canParse(word) || !word.startsWith('https://'))
    throw new OptionFault('which release? Write its version (4.25.0), or the https:// address of a .tar.gz');
  return new URL(word);
}
