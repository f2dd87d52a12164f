/** Compresses answers: gzip, brotli or zstd, whichever is on and the client likes best. */
import { CODINGS, type Coding, type MediaTypes } from '#model/l7/compress.ts';
import { CODING_TOKENS, weightsOf } from '../coding/accept.ts';
import {
  brotliKind,
  type Codec,
  type CodecKind,
  type CodecOwner,
  giveCodec,
  gzipKind,
  NO_BYTES,
  outputBuffer,
  takeCodec,
  zstdKind,
} from '../coding/codec.ts';
import type { Exchange } from '../exchange.ts';
import type { BodySink, Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { gzipClients } from './gzip-clients.ts';

/** A coding that is on in a location. */
interface Offer {
  readonly coding: Coding;
  readonly types: ReadonlySet<string> | 'any';
  readonly minLengthBytes: number;
  readonly kind: CodecKind;
}

const STATUSES = new Set([200, 403, 404]);
/** Of codings that the client likes equally, the first one: it costs least for what it saves. */
const BY_PREFERENCE = CODINGS.toReversed();

export function compressFilter(compiler: Compiler): HeaderFilter | undefined {
  const offers = offersOf(compiler);
  if (offers.length === 0) return undefined;
  const takesGzip = gzipClients(compiler);
  const { vary } = compiler.location.settings.gzip;
  return (exchange, response) => {
    if (!STATUSES.has(response.status) || response.headers.has('content-encoding')) return;
    const weights = weightsOf(exchange.head.headers.get('accept-encoding'));
    let best: Offer | undefined;
    let fits = false;
    for (const offer of offers) {
      if (!isFor(offer, response)) continue;
      fits = true;
      if (weights[offer.coding] <= (best ? weights[best.coding] : 0)) continue;
      if (exchange.main !== exchange || (offer.coding === 'gzip' && !takesGzip(exchange, response))) continue;
      best = offer;
    }
    if (fits && vary) response.varyByEncoding();
    if (best) compress(best, exchange, response);
  };
}

function isFor({ types, minLengthBytes }: Offer, { contentLength, mediaType }: Response): boolean {
  return (contentLength < 0 || contentLength >= minLengthBytes) && (types === 'any' || types.has(mediaType));
}

function compress({ coding, kind }: Offer, exchange: Exchange, response: Response): void {
  const streams =
    response.contentLength < 0 ||
    !(exchange.bufferAnswer ?? exchange.location.model.settings.proxy.buffering);
  response.headers.append('Content-Encoding', CODING_TOKENS[coding]);
  response.bodyChanges();
  exchange.addFilter(next => {
    const sink = new CompressSink(next, exchange, coding, kind, streams);
    exchange.compression = sink;
    exchange.onEnd(() => sink.release());
    return sink;
  });
}

function offersOf({ location: { settings } }: Compiler): Offer[] {
  const kinds: Readonly<Record<Coding, () => CodecKind>> = {
    gzip: () => gzipKind(settings.gzip.level),
    brotli: () => brotliKind(settings.brotli.level, settings.brotli.windowBytes),
    zstd: () => zstdKind(settings.zstd.level),
  };
  return BY_PREFERENCE.filter(coding => settings[coding].enabled).map(coding => {
    const { types, minLengthBytes } = settings[coding];
    return { coding, types: setOf(types), minLengthBytes, kind: kinds[coding]() };
  });
}

export const setOf = (types: MediaTypes) => (types === 'any' ? types : new Set(types));

/** Less than this is kept back while more of the body is expected. */
const JOIN_BYTES = 4096;
/** The source pauses: what was compressed so far goes out, so that events and logs arrive while they are news. */
const PAUSE_MS = 10;

/** Output of all compressors of this thread: each hands it on before another one runs. */
const OUTPUT = outputBuffer();

export class CompressSink implements BodySink, CodecOwner {
  readonly coding: Coding;
  bytesIn = 0;
  bytesOut = 0;
  readonly #next: BodySink;
  readonly #exchange: Exchange;
  readonly #kind: CodecKind;
  #codec: Codec | undefined;
  #held: Buffer | undefined;
  #goingOn = true;
  #ready = true;
  /** Whether what waits is sent when the source pauses. */
  readonly #streams: boolean;
  #fresh = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(next: BodySink, exchange: Exchange, coding: Coding, kind: CodecKind, streams: boolean) {
    this.#next = next;
    this.#exchange = exchange;
    this.coding = coding;
    this.#kind = kind;
    this.#streams = streams;
    this.#codec = takeCodec(kind);
  }

  write(data: Buffer): boolean {
    this.bytesIn += data.length;
    this.#run(this.#kind.goOn, data);
    if (this.#streams) {
      this.#fresh = true;
      this.#timer ??= setTimeout(pauseNoticed, PAUSE_MS, this);
    }
    return this.#ready;
  }

  end(): void {
    this.#goingOn = false;
    this.#run(this.#kind.finish, NO_BYTES);
    this.release();
    this.#next.end();
  }

  /** The timer ran out: nothing may have come since it was set, or it starts anew. */
  checkPause(): void {
    this.#timer = undefined;
    if (this.#fresh) {
      this.#fresh = false;
      this.#timer = setTimeout(pauseNoticed, PAUSE_MS, this);
      return;
    }
    this.#goingOn = false;
    this.#run(this.#kind.flush, NO_BYTES);
    this.#goingOn = true;
  }

  #run(flush: number, data: Buffer): void {
    const codec = this.#codec;
    if (!codec) return;
    this.#ready = true;
    codec.run(flush, data, OUTPUT, this);
    if (codec.fault !== undefined) {
      this.#exchange.log('crit', `${this.coding} failed: ${codec.fault}`);
      return this.#exchange.abort(500);
    }
    if (!this.#goingOn) this.#passHeld();
  }

  codecOutput(data: Buffer): boolean {
    this.bytesOut += data.length;
    const heldBytes = this.#held?.length ?? 0;
    if (heldBytes + data.length < JOIN_BYTES) {
      this.#held = this.#held ? Buffer.concat([this.#held, data]) : Buffer.from(data);
    } else {
      this.#passHeld();
      this.#ready = this.#next.write(data);
    }
    return true;
  }

  #passHeld(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#ready = this.#next.write(held);
  }

  /** The body is over, or the request was cut off. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#codec) giveCodec(this.#codec);
    this.#codec = undefined;
  }
}

function pauseNoticed(sink: CompressSink): void {
  sink.checkPause();
}
