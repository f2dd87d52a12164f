/** What a backup says that it holds, before the bytes of it: read with suspicion, though it is authenticated. */
import { isKeptFile } from '../acme/store.ts';
import { BackupFault } from './fault.ts';

/** What can be restored by itself. */
export const PARTS = [
  ...(['configuration', 'files', 'users', 'tokens', 'bans', 'acme', 'history', 'events'] as const),
] as const;
export type Part = (typeof PARTS)[number];

export const isPart = (word: string): word is Part => PARTS.some(part => part === word);

export interface Entry {
  /** `files`: certificates, keys, password files, rules of the WAF: what the configuration names. */
  readonly part: Part;
  /**
   * Of `configuration` and `files`: below the folder of the main file, or absolute where it lies elsewhere; '' is the main file.
   * Of `bans` the zone, of `acme` the issuer and a file in its folder. latin1
   */
  readonly path: string;
  /** Of a file that is made anew. */
  readonly mode: number;
  readonly bytes: number;
}

export interface Manifest {
  /** Which moat made it. */
  readonly moat: string;
  readonly host: string;
  /** ms since 1970 */
  readonly createdMs: number;
  readonly entries: readonly Entry[];
  /** What could not be read when it was made. */
  readonly missing: readonly string[];
}

export const MOST_ENTRIES = 8192;
export const MOST_MANIFEST_BYTES = 4 << 20;
export const MOST_TEXT_BYTES = 16 << 20;
export const MOST_DATABASE_BYTES = 1 << 30;
const MOST_PATH = 4096;
const ISSUER = /^[\w-][\w.-]{0,63}$/;

/** @throws {BackupFault} for what no moat writes: a way out of the folder, a name twice, sizes that nothing of the kind has */
export function manifestOf(text: string): Manifest {
  const found = parsed(text);
  if (!isManifest(found)) throw malformed('its list of contents is none');
  const seen = new Set<string>();
  for (const entry of found.entries) {
    refuseEntry(entry);
    const name = `${entry.part} ${entry.path}`;
    if (seen.has(name)) throw malformed(`"${entry.path}" of ${entry.part} is in it twice`);
    seen.add(name);
  }
  return found;
}

const malformed = (why: string): BackupFault =>
  new BackupFault('malformed', `the backup is malformed: ${why}`);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function isManifest(found: unknown): found is Manifest {
  if (typeof found !== 'object' || found === null) return false;
  const { moat, host, createdMs, entries, missing } = found as Partial<Manifest>;
  return (
    typeof moat === 'string' &&
    typeof host === 'string' &&
    isWhole(createdMs) &&
    Array.isArray(missing) &&
    missing.every(one => typeof one === 'string') &&
    Array.isArray(entries) &&
    entries.length <= MOST_ENTRIES &&
    entries.every(isEntry)
  );
}

function isEntry(found: unknown): found is Entry {
  if (typeof found !== 'object' || found === null) return false;
  const { part, path, mode, bytes } = found as Partial<Entry>;
  const isSmall = isWhole(mode) && mode <= 0o777 && isWhole(bytes);
  return typeof part === 'string' && isPart(part) && typeof path === 'string' && isSmall;
}

/** Databases are large, and there is one of each. */
export const isDatabase = ({ part }: Pick<Entry, 'part'>): boolean => part === 'history' || part === 'events';
export const isFile = ({ part }: Pick<Entry, 'part'>): boolean =>
  part === 'configuration' || part === 'files';

function refuseEntry(entry: Entry): void {
  const { part, path, bytes } = entry;
  if (bytes > (isDatabase(entry) ? MOST_DATABASE_BYTES : MOST_TEXT_BYTES))
    throw malformed(`"${path}" of ${part} is too large`);
  if (isFile(entry)) refusePath(path, part);
  else if (part === 'acme') refuseAcme(path);
  else if (part !== 'bans' && path !== '') throw malformed(`${part} has a path`);
}

function refuseAcme(path: string): void {
  const [issuer = '', file = '', ...more] = path.split('/');
  if (more.length > 0 || !ISSUER.test(issuer) || !isKeptFile(file))
    throw new BackupFault('outside', `the backup is malformed: "${path}" is nothing of acme`);
}

/** Neither way out of its folder nor anything that two programs could read differently. */
function refusePath(path: string, part: Part): void {
  if (path === '' && part === 'configuration') return;
  const steps = path.replace(/^\//, '').split('/');
  const isOdd = steps.some(step => step === '' || step === '.' || step === '..');
  if (isOdd || path.includes('\0') || path.length > MOST_PATH)
    throw new BackupFault('outside', `the backup is malformed: the path "${path}" leads elsewhere`);
}
