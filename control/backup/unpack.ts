/** Opens a backup into a folder of the owner's, all of it authenticated before a word of it is believed. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { bytesOf } from '../host/path-bytes.ts';
import { systemReason } from '../load.ts';
import { BackupFault } from './fault.ts';
import { type Manifest, MOST_MANIFEST_BYTES, manifestOf } from './manifest.ts';
import { unseal } from './seal.ts';

/** What was opened: its list in `manifest.json`, entry N in the file N. */
export interface Opened {
  readonly folder: string;
  readonly manifest: Manifest;
}

export const manifestPath = (folder: string): string => `${folder}/manifest.json`;
export const contentPath = (folder: string, number: number): string => `${folder}/${number}`;

/**
 * @param archive latin1 @param folder to be made; latin1
 * @throws {BackupFault} for a wrong passphrase, and what was altered or cut off: then the folder is gone again
 */
export async function unpack(archive: string, passphrase: string, folder: string): Promise<Opened> {
  const fd = openArchive(archive);
  mkdirSync(bytesOf(folder), { mode: 0o700 });
  try {
    const reader = new Reader(await unseal(fd, passphrase));
    const length = reader.take(4).readUInt32BE();
    if (length > MOST_MANIFEST_BYTES)
      throw new BackupFault('malformed', 'the backup is malformed: its list is too long');
    const text = reader.take(length).toString();
    const manifest = manifestOf(text);
    for (const [number, { bytes }] of manifest.entries.entries())
      copy(reader, bytes, contentPath(folder, number));
    reader.end();
    writeFileSync(bytesOf(manifestPath(folder)), text, { mode: 0o600, flush: true });
    return { folder, manifest };
  } catch (fault) {
    rmSync(bytesOf(folder), { recursive: true, force: true });
    throw fault;
  } finally {
    closeSync(fd);
  }
}

/** A plain file; a link is none, for somebody else may have laid it. */
function openArchive(path: string): number {
  let fd: number;
  try {
    fd = openSync(bytesOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (fault) {
    const isLink = (fault as NodeJS.ErrnoException).code === 'ELOOP';
    const why = isLink ? 'it is a link' : systemReason(fault);
    throw new BackupFault('not-a-backup', `cannot read "${path}": ${why}`);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new BackupFault('not-a-backup', `"${path}" is no plain file`);
}

function copy(reader: Reader, bytes: number, to: string): void {
  const fd = openSync(bytesOf(to), 'wx', 0o600);
  try {
    for (const piece of reader.pieces(bytes))
      for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Takes pieces apart. */
class Reader {
  readonly #pieces: Generator<Buffer, void>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: Generator<Buffer, void>) {
    this.#pieces = pieces;
  }

  /** @returns undefined at the end */
  #next(): Buffer | undefined {
    while (this.#rest.length === 0) {
      const { value, done } = this.#pieces.next();
      if (done) return undefined;
      this.#rest = value;
    }
    return this.#rest;
  }

  /** So many bytes; each piece is good until the next one is asked for. */
  *pieces(bytes: number): Generator<Buffer, void> {
    for (let left = bytes; left > 0; ) {
      const have = this.#next();
      if (!have) throw new BackupFault('malformed', 'the backup is malformed: it holds less than it says');
      const piece = have.subarray(0, left);
      this.#rest = have.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  take(bytes: number): Buffer {
    return Buffer.concat([...this.pieces(bytes)].map(piece => Buffer.from(piece)));
  }

  end(): void {
    if (this.#next())
      throw new BackupFault('malformed', 'the backup is malformed: it holds more than it says');
  }
}
