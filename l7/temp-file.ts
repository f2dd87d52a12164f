/** A temporary file. Without a name it vanishes with its descriptor, whatever becomes of the process. */
import { randomBytes } from 'node:crypto';
import { close, ftruncateSync, mkdirSync, openSync, read, unlinkSync, writev } from 'node:fs';

export class TempFile {
  /** How much was written to it so far. */
  bytes = 0;
  /** Undefined: the file has no name. */
  readonly path: string | undefined;
  readonly #fd: number;
  readonly #removes: boolean;
  /** Reads and writes under way. */
  #busy = 0;
  #closed = false;

  /**
   * @param folder made when it is missing
   * @param named whether the file gets a name, and keeps it (`on`) or loses it with close() (`clean`)
   * @throws {Error} with the path in it
   */
  constructor(folder: string, named: 'off' | 'on' | 'clean' = 'off') {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = `${folder}/${randomBytes(8).toString('hex')}`;
    this.#fd = openSync(path, 'wx+', 0o600);
    this.#removes = named === 'clean';
    if (named === 'off') unlinkSync(path);
    else this.path = path;
  }

  /**
   * Appends all of `pieces`, which may not change meanwhile; one append at a time.
   *
   * @param then not called after close()
   */
  append(pieces: readonly Buffer[], then: (error: Error | null) => void): void {
    this.#busy++;
    writev(this.#fd, pieces, this.bytes, (error, written) => {
      if (!this.#settled()) return;
      if (error) return then(error);
      this.bytes += written;
      const rest = after(pieces, written);
      if (rest.length > 0) this.append(rest, then);
      else then(null);
    });
  }

  /**
   * Reads into `buffer` what is at `at`.
   *
   * @param then not called after close(); 0 bytes: there are none at this place
   */
  read(at: number, buffer: Buffer, then: (error: Error | null, bytes: number) => void): void {
    this.#busy++;
    read(this.#fd, buffer, 0, buffer.length, at, (error, bytes) => {
      if (this.#settled()) then(error, bytes);
    });
  }

  /** Forgets what was written, and gives the space back; nothing may be under way. */
  empty(): void {
    this.bytes = 0;
    ftruncateSync(this.#fd, 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#removes && this.path !== undefined) unlinkSync(this.path);
    if (this.#busy === 0) close(this.#fd);
  }

  /** @returns false when the file was closed meanwhile: then its descriptor goes with the last operation */
  #settled(): boolean {
    this.#busy--;
    if (this.#closed && this.#busy === 0) close(this.#fd);
    return !this.#closed;
  }
}

/** What is left of `pieces` when the first so many bytes are gone. */
function after(pieces: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  return pieces.flatMap(piece => {
    const gone = Math.min(left, piece.length);
    left -= gone;
    return gone === piece.length ? [] : [piece.subarray(gone)];
  });
}
