/** Makes a backup: a file that is there whole or not at all, and that only its owner may read. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { syncFolder } from '../history/files.ts';
import { historyFolder, type Texts } from '../history/place.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { MOAT_VERSION } from '../version.ts';
import { type Collected, collect, type Item } from './collect.ts';
import { BackupFault } from './fault.ts';
import { type Manifest, MOST_ENTRIES, MOST_MANIFEST_BYTES } from './manifest.ts';
import { PIECE_BYTES, refuseWeakPassphrase, SealedWriter } from './seal.ts';

export interface BackupWish {
  readonly invocation: Invocation;
  /** In force; undefined: what lies on the disk. */
  readonly texts: Texts | undefined;
  readonly passphrase: string;
  readonly events: boolean;
  /** Where it is to lie; latin1. */
  readonly to: string;
}

export interface Made {
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** @throws {BackupFault} @throws {Error} of the file system; then there is no file, or the one that was there before */
export async function makeBackup({ to, passphrase, ...what }: BackupWish): Promise<Made> {
  refuseWeakPassphrase(passphrase);
  const home = historyFolder(what.invocation.file);
  mkdirSync(bytesOf(home), { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(`${bytesOf(home)}/backup-`);
  try {
    const collected = await collect({ ...what, scratch });
    return await writeBackup(to, passphrase, collected);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function writeBackup(to: string, passphrase: string, { items, missing }: Collected): Promise<Made> {
  const beside = `${dirname(to)}/.${basename(to)}.${process.pid}.new`;
  rmSync(bytesOf(beside), { force: true });
  const manifest = { moat: MOAT_VERSION, host: hostname(), createdMs: Date.now(), missing };
  const whole = { ...manifest, entries: items.map(({ entry }) => entry) };
  const fd = openSync(bytesOf(beside), 'wx', 0o600);
  try {
    const writer = await SealedWriter.begin(fd, passphrase);
    writer.write(headOf(whole));
    for (const item of items) writeItem(item, writer);
    const bytes = writer.end();
    fsyncSync(fd);
    renameSync(bytesOf(beside), bytesOf(to));
    syncFolder(dirname(to));
    return { bytes, manifest: whole };
  } catch (fault) {
    rmSync(bytesOf(beside), { force: true });
    throw fault;
  } finally {
    closeSync(fd);
  }
}

/** How long the list is, and the list. */
function headOf(manifest: Manifest): Buffer {
  const text = Buffer.from(JSON.stringify(manifest));
  if (text.length > MOST_MANIFEST_BYTES || manifest.entries.length > MOST_ENTRIES)
    throw new BackupFault('too-large', `a backup holds ${MOST_ENTRIES} files at most`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

function writeItem({ from, entry }: Item, writer: SealedWriter): void {
  if (typeof from !== 'string') return writer.write(from);
  const fd = openSync(from, 'r');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let left = entry.bytes; left > 0; ) {
      const got = readSync(fd, piece, 0, Math.min(piece.length, left), null);
      if (got === 0) throw new Error(`the copy of ${entry.part} became shorter`);
      writer.write(piece.subarray(0, got));
      left -= got;
    }
  } finally {
    closeSync(fd);
  }
}
