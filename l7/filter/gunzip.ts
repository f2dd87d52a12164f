/** Undoes gzip for clients that do not take it (`gunzip`). */
import {
  type Codec,
  type CodecOwner,
  GUNZIP,
  giveCodec,
  NO_BYTES,
  outputBuffer,
  takeCodec,
} from '../coding/codec.ts';
import type { Exchange, SourceHolder } from '../exchange.ts';
import type { BodySink } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { gzipClients } from './gzip-clients.ts';

/** Codings stand in the order in which they were applied (RFC 9110 §8.4): what was before gzip stays. */
const LAST_GZIP = /^(?:(.*\S)?[ \t]*,)?[ \t]*gzip$/i;

export function gunzipFilter(compiler: Compiler): HeaderFilter | undefined {
  const { gunzip, vary } = compiler.location.settings.gzip;
  if (!gunzip) return undefined;
  const takesGzip = gzipClients(compiler);
  return (exchange, response) => {
    const at = response.headers.keys.lastIndexOf('content-encoding');
    const inner = at === -1 ? undefined : LAST_GZIP.exec(response.headers.valueAt(at));
    if (!inner) return;
    if (vary) response.varyByEncoding();
    if (takesGzip(exchange, response)) return;
    if (inner[1]) response.headers.setValueAt(at, inner[1]);
    else response.headers.removeAt(at);
    response.bodyChanges();
    exchange.addFilter(next => gunzipSink(next, exchange));
  };
}

/** Undoes gzip in the body of an answer. */
export function gunzipSink(next: BodySink, exchange: Exchange): BodySink {
  const sink = new GunzipSink(next, exchange);
  exchange.onEnd(() => sink.release());
  return sink;
}

/** Output of all decompressors of this thread: each hands it on before another one runs. */
const OUTPUT = outputBuffer();

/** A few bytes may become a thousand times as many: it stops when the client falls behind, in the middle of a piece too. */
class GunzipSink implements BodySink, CodecOwner, SourceHolder {
  readonly #next: BodySink;
  readonly #exchange: Exchange;
  #codec: Codec | undefined = takeCodec(GUNZIP);
  /** Input that waits for the client; undefined: nothing does. */
  #rest: Buffer | undefined;
  #ended = false;

  constructor(next: BodySink, exchange: Exchange) {
    this.#next = next;
    this.#exchange = exchange;
  }

  write(data: Buffer): boolean {
    if (!this.#rest) return this.#feed(data);
    this.#rest = Buffer.concat([this.#rest, data]);
    return false;
  }

  end(): void {
    this.#ended = true;
    if (!this.#rest) this.#finish();
  }

  drained(): void {
    const rest = this.#rest;
    if (!rest) return;
    this.#rest = undefined;
    this.#exchange.releaseSource(this);
    const ready = this.#feed(rest);
    if (this.#rest) return;
    if (this.#ended) this.#finish();
    else if (ready) this.#exchange.resumeSource();
  }

  /** @returns false when a part has to wait, or the client asks for a pause */
  #feed(data: Buffer): boolean {
    const codec = this.#codec;
    if (!codec) return true;
    this.#ready = true;
    const left = codec.run(GUNZIP.goOn, data, OUTPUT, this);
    if (codec.fault !== undefined) return this.#fail(codec.fault);
    if (!codec.unfinished || this.#ready) return this.#ready;
    this.#rest = Buffer.from(data.subarray(data.length - left));
    this.#exchange.holdSource(this);
    return false;
  }

  #ready = true;

  codecOutput(data: Buffer): boolean {
    this.#ready = this.#next.write(data);
    return this.#ready;
  }

  /** The data must end where the body does. */
  #finish(): void {
    const codec = this.#codec;
    if (!codec) return;
    codec.run(GUNZIP.finish, NO_BYTES, OUTPUT, this);
    if (codec.fault !== undefined) return void this.#fail(codec.fault);
    this.release();
    this.#next.end();
  }

  /** A part is out already: the client must see the cut. */
  #fail(fault: string): boolean {
    this.#exchange.log('error', `inflate() failed: ${fault}`);
    this.#exchange.abort(502);
    return true;
  }

  release(): void {
    if (this.#codec) giveCodec(this.#codec);
    this.#codec = undefined;
  }
}
