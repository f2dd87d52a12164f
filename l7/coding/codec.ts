/**
 * Compressors and decompressors that work at once, on this thread, one piece at a time.
 *
 * node:zlib's streams work in the thread pool: 190 µs a small answer, where this takes 12
 * (docs/decisions/013-compression-in-the-turn.md). So their handles are used directly.
 */
import { constants, createBrotliCompress, createGunzip, createGzip, createZstdCompress } from 'node:zlib';

/** The part of node:zlib's handle that is used. A wrong range of bytes ends the process: all calls are in `run()`. */
interface Handle {
  onerror: (message: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
  reset(): void;
  close(): void;
}

/** What a codec is made with: kind and parameters, as one key for finding an idle one. */
export interface CodecKind {
  readonly key: string;
  /** Makes one of node:zlib's streams; nothing but its handle is used. */
  readonly make: () => object;
  /** What `run` is told: go on, give out what there is, end. */
  readonly goOn: number;
  readonly flush: number;
  readonly finish: number;
  /** Whether the handle's reset() keeps its parameters, so that it can be used again. */
  readonly reusable: boolean;
}

export const gzipKind = (level: number): CodecKind => ({
  key: `gzip ${level}`,
  make: () => createGzip({ level }),
  goOn: constants.Z_NO_FLUSH,
  flush: constants.Z_SYNC_FLUSH,
  finish: constants.Z_FINISH,
  reusable: true,
});

/** @param windowBytes a power of two, 1k to 16m */
export const brotliKind = (level: number, windowBytes: number): CodecKind => ({
  key: `brotli ${level} ${windowBytes}`,
  make: () =>
    createBrotliCompress({
      params: {
        [constants.BROTLI_PARAM_QUALITY]: level,
        [constants.BROTLI_PARAM_LGWIN]: Math.log2(windowBytes),
      },
    }),
  goOn: constants.BROTLI_OPERATION_PROCESS,
  flush: constants.BROTLI_OPERATION_FLUSH,
  finish: constants.BROTLI_OPERATION_FINISH,
  reusable: false, // Node 26.10: after reset() the level is 11
});

export const zstdKind = (level: number): CodecKind => ({
  key: `zstd ${level}`,
  make: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
  goOn: constants.ZSTD_e_continue,
  flush: constants.ZSTD_e_flush,
  finish: constants.ZSTD_e_end,
  reusable: true,
});

/** Several members in a row are one body (RFC 1952 §2.2). */
export const GUNZIP: CodecKind = {
  key: 'gunzip',
  make: () => createGunzip(),
  goOn: constants.Z_NO_FLUSH,
  flush: constants.Z_SYNC_FLUSH,
  finish: constants.Z_FINISH,
  reusable: true,
};

/** Whom a codec works for. */
export interface CodecOwner {
  /**
   * @param data a view of memory that is used again after the call
   * @returns false when the codec should stop: `unfinished` then tells that there is more to come of what it was given
   */
  codecOutput(data: Buffer): boolean;
}

const OUTPUT_BYTES = 65_536;
/** For ending or flushing without further data. */
export const NO_BYTES = Buffer.alloc(0);

export class Codec {
  readonly kind: CodecKind;
  /** Why it failed, if it did; then it is of no more use. */
  fault: string | undefined;
  /** True when it was stopped before all output was out: the next run goes on with it. */
  unfinished = false;
  running = false;
  /** Given back while it ran: its owner was cut off by what it handed on. */
  abandoned = false;
  readonly #handle: Handle;
  /** The handle writes here what is left of output and of input. */
  readonly #left: Uint32Array;
  /** Keeps the handle alive. */
  readonly #stream: object;

  constructor(kind: CodecKind) {
    this.kind = kind;
    this.#stream = kind.make();
    this.#handle = Reflect.get(this.#stream, '_handle');
    this.#left = Reflect.get(this.#stream, '_writeState');
    this.#handle.onerror = message => {
      this.fault = message;
    };
  }

  /**
   * Feeds `data` and hands out what comes of it.
   *
   * @param buffer for the output; the owner may run other codecs meanwhile, but none on the same buffer
   * @returns bytes of `data` that were not taken: it was stopped, or the compressed data ended before them, or are broken
   */
  run(flush: number, data: Buffer, buffer: Buffer, owner: CodecOwner): number {
    let left = data.length;
    this.running = true;
    do {
      this.#handle.writeSync(flush, data, data.length - left, left, buffer, 0, buffer.length);
      if (this.fault !== undefined) break;
      const room = this.#left[0]!;
      left = this.#left[1]!;
      const more = room === buffer.length || owner.codecOutput(buffer.subarray(0, buffer.length - room));
      this.unfinished = room === 0;
      if (!more) break;
    } while (this.unfinished && !this.abandoned);
    this.running = false;
    return left;
  }

  /** Begins anew, with the same parameters. */
  reset(): void {
    this.unfinished = false;
    this.#handle.reset();
  }

  close(): void {
    this.#handle.close();
  }
}

/** A buffer for the output of codecs. */
export const outputBuffer = (): Buffer => Buffer.allocUnsafeSlow(OUTPUT_BYTES);

/** Codecs at rest: a new deflate state costs 30 µs and 270 KB, its reset 1 µs. Bounded for each kind. */
const IDLE = new Map<string, Codec[]>();
const MOST_IDLE = 16;

export function takeCodec(kind: CodecKind): Codec {
  return IDLE.get(kind.key)?.pop() ?? new Codec(kind);
}

/** Gives a codec back, wherever in its work it is. */
export function giveCodec(codec: Codec): void {
  if (codec.running) {
    codec.abandoned = true; // it may not be closed in the middle of a call; the collector frees it
    return;
  }
  const { key, reusable } = codec.kind;
  let idle = IDLE.get(key);
  if (!idle) IDLE.set(key, (idle = []));
  if (!reusable || codec.fault !== undefined || idle.length >= MOST_IDLE) return codec.close();
  codec.reset();
  idle.push(codec);
}
