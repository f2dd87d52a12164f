/** What is in an archive, and in archives in it: by the same look at names and first bytes that files themselves get. */
import type { ArchiveLimits } from '#model/l7/waf.ts';
import { type ArchiveKind, archiveKind, contradiction, extensionOf } from '../file-kinds.ts';
import { ArchiveFault } from './fault.ts';
import { readTar } from './tar.ts';
import { type Budget, spend, startOf, type Unpacked, unpack } from './unpack.ts';
import { readZip, type ZipEntry } from './zip.ts';

/** Documents are archives of parts that nobody chooses. */
const DOCUMENTS = new Set([
  ...['docx', 'docm', 'xlsx', 'xlsm', 'pptx', 'pptm', 'odt', 'ods', 'odp', 'odg', 'epub', 'kmz', '3mf'],
]);

interface Walk {
  readonly limits: ArchiveLimits;
  readonly budget: Budget;
  leftEntries: number;
}

/**
 * @param name of the file as a form names it
 * @returns a promise that fails with an ArchiveFault where something in it is not let through, or cannot be looked at
 */
export async function inspectArchive(name: string, content: Buffer, limits: ArchiveLimits): Promise<void> {
  const { unpackedBytes, ratio, entries } = limits;
  const budget = { leftBytes: unpackedBytes, mostBytes: unpackedBytes, ratio };
  await look({ limits, budget, leftEntries: entries }, name, content, 1);
}

async function look(walk: Walk, name: string, content: Buffer, depth: number): Promise<void> {
  const kind = archiveKind(startOf(content));
  if (!kind) return;
  if (depth > walk.limits.depth)
    throw new ArchiveFault(`holds archives within archives, more than ${walk.limits.depth} deep`, 413);
  await LOOKS[kind](walk, name, content, depth);
}

const LOOKS: Readonly<
  Record<ArchiveKind, (walk: Walk, name: string, content: Buffer, depth: number) => Promise<void>>
> = {
  async zip(walk, name, content, depth) {
    const entries = readZip(content, walk.leftEntries);
    for (const entry of entries) await lookAtEntry(walk, name, entry, depth);
  },
  async tar(walk, name, content, depth) {
    for (const { name: inner, data } of readTar(content, walk.leftEntries)) {
      takeEntry(walk);
      if (data.length === 0) continue;
      judge(walk, name, inner, startOf(data));
      await look(walk, inner, data, depth + 1);
    }
  },
  gzip: (walk, name, content, depth) => lookThrough('gzip', walk, name, content, depth),
  zstd: (walk, name, content, depth) => lookThrough('zstd', walk, name, content, depth),
  other: () => Promise.reject(new ArchiveFault('is an archive of a kind that cannot be opened here')),
};

/** One file behind a compression: its name is what is left of the extension. */
async function lookThrough(
  coding: 'gzip' | 'zstd',
  walk: Walk,
  name: string,
  content: Buffer,
  depth: number,
): Promise<void> {
  takeEntry(walk);
  const { start, content: inner } = await unpack(coding, content, walk.budget, isArchive);
  const innerName = name.replace(/\.tgz$/i, '.tar').replace(/\.(?:gz|zst)$/i, '');
  // A tar archive behind a compression is one archive, and its entries are what is judged.
  const isOne = inner !== undefined && archiveKind(start) === 'tar';
  if (!isOne) judge(walk, name, innerName, start);
  if (inner) await look(walk, innerName, inner, isOne ? depth : depth + 1);
}

async function lookAtEntry(walk: Walk, name: string, entry: ZipEntry, depth: number): Promise<void> {
  takeEntry(walk);
  const { start, length, content } = await unpackEntry(walk, entry);
  if (length === 0) return;
  judge(walk, name, entry.name, start);
  if (content) await look(walk, entry.name, content, depth + 1);
}

function unpackEntry({ budget }: Walk, { method, data }: ZipEntry): Promise<Unpacked> | Unpacked {
  if (method === 8) return unpack('deflate', data, budget, isArchive);
  if (method === 93) return unpack('zstd', data, budget, isArchive);
  if (method !== 0) throw new ArchiveFault(`is packed by a method (${method}) that cannot be undone here`);
  spend(budget, data.length);
  const start = startOf(data);
  return { start, length: data.length, content: isArchive(start) ? data : undefined };
}

const isArchive = (start: string): boolean => archiveKind(start) !== undefined;

function takeEntry(walk: Walk): void {
  if (walk.leftEntries-- <= 0) throw new ArchiveFault(`holds more than ${walk.limits.entries} entries`, 413);
}

/** @param outer the archive @param inner what it holds */
function judge({ limits }: Walk, outer: string, inner: string, start: string): void {
  const shown = JSON.stringify(inner.slice(-100));
  const extension = extensionOf(inner);
  if (limits.inside && !DOCUMENTS.has(extensionOf(outer)) && !limits.inside.includes(extension))
    throw new ArchiveFault(`holds ${shown}, which is of a type that is not taken`);
  const reason = contradiction(extension, start);
  if (reason !== undefined) throw new ArchiveFault(`holds ${shown}, which ${reason}`);
}
