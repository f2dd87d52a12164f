/**
 * The envelope of a backup: argon2id (RFC 9106) makes a key of the passphrase, AES-256-GCM seals pieces of 64 KiB. The number of
 * a piece and whether it is the last stand in its nonce (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015), so that none can be
 * left out, moved or cut off; the head is authenticated with each.
 */
import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { BackupFault } from './fault.ts';

const MAGIC = Buffer.from('moatbkup');
const VERSION = 1;
const ARGON2ID = 1;
export const HEAD_BYTES = 64;
export const PIECE_BYTES = 64 << 10;
export const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SALT = { at: 24, bytes: 16 };
const NONCE = { at: 40, bytes: 7 };
/** Of the head before it: tells a wrong passphrase from an altered archive. */
const CHECK = { at: 48, bytes: 16 };
/** KiB. What is written asks for 64 MiB and three passes; what is read may not ask for much more, for a stranger may have made it. */
const COST = { memory: 64 << 10, passes: 3, parallelism: 1 } as const;
const MOST_COST = { memory: 256 << 10, passes: 16, parallelism: 4 } as const;
export const LEAST_PASSPHRASE = 12;
export const MOST_PASSPHRASE = 1024;

const derive = promisify(argon2);

interface Envelope {
  readonly head: Buffer;
  readonly key: Buffer;
}

/** @param passphrase latin1 of its bytes @throws {BackupFault} when it is too short or too long */
export function refuseWeakPassphrase(passphrase: string): void {
  if (passphrase.length < LEAST_PASSPHRASE || passphrase.length > MOST_PASSPHRASE)
    throw new BackupFault(
      'wrong-passphrase',
      `a passphrase has ${LEAST_PASSPHRASE} to ${MOST_PASSPHRASE} bytes`,
    );
}

async function keysOf(passphrase: string, head: Buffer) {
  const [memory, passes, parallelism] = [head.readUInt32BE(12), head.readUInt32BE(16), head.readUInt32BE(20)];
  const keys = await derive('argon2id', {
    message: Buffer.from(passphrase, 'latin1'),
    nonce: head.subarray(SALT.at, SALT.at + SALT.bytes),
    tagLength: 2 * KEY_BYTES,
    ...{ memory, passes, parallelism },
  });
  const check = createHmac('sha256', keys.subarray(KEY_BYTES))
    .update(head.subarray(0, CHECK.at))
    .digest()
    .subarray(0, CHECK.bytes);
  return { key: keys.subarray(0, KEY_BYTES), check };
}

type Cost = { readonly [K in keyof typeof COST]: number };

async function newEnvelope(passphrase: string, cost: Cost): Promise<Envelope> {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head[8] = VERSION;
  head[9] = ARGON2ID;
  head.writeUInt32BE(cost.memory, 12);
  head.writeUInt32BE(cost.passes, 16);
  head.writeUInt32BE(cost.parallelism, 20);
  randomBytes(SALT.bytes).copy(head, SALT.at);
  randomBytes(NONCE.bytes).copy(head, NONCE.at);
  const { key, check } = await keysOf(passphrase, head);
  check.copy(head, CHECK.at);
  return { head, key };
}

/** @throws {BackupFault} before anything costly is done for what is no backup */
async function envelopeOf(head: Buffer, passphrase: string): Promise<Envelope> {
  if (head.length < HEAD_BYTES || !head.subarray(0, MAGIC.length).equals(MAGIC))
    throw new BackupFault('not-a-backup', 'this is no backup of moat');
  if (head[8] !== VERSION)
    throw new BackupFault(
      'unknown-version',
      `version ${head[8]} of backups is not known: this moat reads ${VERSION}`,
    );
  const [memory, passes, parallelism] = [head.readUInt32BE(12), head.readUInt32BE(16), head.readUInt32BE(20)];
  const isSane =
    parallelism >= 1 &&
    parallelism <= MOST_COST.parallelism &&
    passes >= 1 &&
    passes <= MOST_COST.passes &&
    memory >= 8 * parallelism &&
    memory <= MOST_COST.memory;
  if (head[9] !== ARGON2ID || !isSane)
    throw new BackupFault(
      'altered',
      'the head of the backup was altered: it asks for a key that no moat makes',
    );
  const { key, check } = await keysOf(passphrase, head);
  if (!timingSafeEqual(check, head.subarray(CHECK.at, CHECK.at + CHECK.bytes)))
    throw new BackupFault(
      'wrong-passphrase',
      'the passphrase is wrong, or the head of the backup was altered',
    );
  return { head, key };
}

function nonceOf({ head }: Envelope, number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  head.copy(nonce, 0, NONCE.at, NONCE.at + NONCE.bytes);
  nonce.writeUInt32BE(number, NONCE.bytes);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Writes sealed bytes into a file. */
export class SealedWriter {
  readonly #fd: number;
  readonly #envelope: Envelope;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #filled = 0;
  #number = 0;
  #written = 0;

  private constructor(fd: number, envelope: Envelope) {
    this.#fd = fd;
    this.#envelope = envelope;
    this.#put(envelope.head);
  }

  /** @param cost of guessing the passphrase @throws {Error} of the disk */
  static async begin(fd: number, passphrase: string, cost: Cost = COST): Promise<SealedWriter> {
    return new SealedWriter(fd, await newEnvelope(passphrase, cost));
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === PIECE_BYTES) this.#seal(false);
      const copied = bytes.copy(this.#piece, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  /** @returns how large the file is */
  end(): number {
    this.#seal(true);
    return this.#written;
  }

  #seal(isLast: boolean): void {
    const cipher = createCipheriv(
      'aes-256-gcm',
      this.#envelope.key,
      nonceOf(this.#envelope, this.#number, isLast),
    );
    cipher.setAAD(this.#envelope.head);
    this.#put(cipher.update(this.#piece.subarray(0, this.#filled)));
    cipher.final();
    this.#put(cipher.getAuthTag());
    this.#number++;
    this.#filled = 0;
  }

  #put(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#written += bytes.length;
  }
}

/**
 * The bytes that were sealed into a file, piece by piece, each authenticated.
 *
 * @throws {BackupFault} while it is read: who is given bytes knows that they are good, and not that the rest will be
 */
export async function unseal(fd: number, passphrase: string): Promise<Generator<Buffer, void>> {
  const { size } = fstatSync(fd);
  const head = Buffer.alloc(HEAD_BYTES);
  const have = readSync(fd, head, 0, HEAD_BYTES, 0);
  const envelope = await envelopeOf(head.subarray(0, have), passphrase);
  return piecesOf(fd, size, envelope);
}

function* piecesOf(fd: number, size: number, envelope: Envelope): Generator<Buffer, void> {
  const sealed = Buffer.alloc(PIECE_BYTES + TAG_BYTES);
  for (let at = HEAD_BYTES, number = 0; ; number++) {
    const length = Math.min(sealed.length, size - at);
    if (length < TAG_BYTES || readSync(fd, sealed, 0, length, at) < length)
      throw new BackupFault('altered', 'the backup is cut off');
    at += length;
    yield opened(sealed.subarray(0, length), envelope, number, at === size);
    if (at === size) return;
  }
}

function opened(sealed: Buffer, envelope: Envelope, number: number, isLast: boolean): Buffer {
  const end = sealed.length - TAG_BYTES;
  const cipher = createDecipheriv('aes-256-gcm', envelope.key, nonceOf(envelope, number, isLast), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(envelope.head);
  cipher.setAuthTag(sealed.subarray(end));
  const plain = cipher.update(sealed.subarray(0, end));
  try {
    cipher.final();
    return plain;
  } catch {
    throw new BackupFault(
      'altered',
      `the backup was altered or cut off: its piece ${number + 1} is not what was sealed`,
    );
  }
}
