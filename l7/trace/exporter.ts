/** Sends spans to a collector: OTLP over HTTP, as JSON. What waits is bounded, one message is under way at a time, and what fails is lost, counted and told. */
import { isUtf8 } from 'node:buffer';
import type { Agent } from 'node:http';
import type { Log } from '#kit/log.ts';
import { nodeHttp, nodeHttps } from '#kit/node-http.ts';
import { VERSION } from '#kit/version.ts';
import type { TraceExporter } from '#model/l7/trace.ts';
import type { SpanCount } from '../metrics/traffic.ts';
import { textAttribute } from './span.ts';
import type { SpanBatch } from './span-queue.ts';

const ANSWER_MS = 10_000;
/** Of an answer no more is read. */
const MOST_ANSWER_BYTES = 64 << 10;
/** A collector that fails is left alone for so long. */
const REST_MS = 1000;
const MOST_REST_MS = 30_000;
const TELL_EVERY_MS = 60_000;
const CLOSE_MS = 1000;

export interface ExporterMeans {
  readonly log: () => Pick<Log, 'error' | 'notice'>;
  readonly count: (what: SpanCount, n: number) => void;
}

export class SpanExporter {
  readonly #means: ExporterMeans;
  #to: TraceExporter | undefined;
  #workers = 1;
  #agent: Agent | undefined;
  #waiting: SpanBatch[] = [];
  #waitingCount = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #restMs = REST_MS;
  #restsUntilMs = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(means: ExporterMeans) {
    this.#means = means;
  }

  /** From now on that is told; what waits goes there, too. @param workers whose batches count together */
  follow(to: TraceExporter | undefined, workers: number): void {
    this.#workers = workers;
    if (JSON.stringify(to) === JSON.stringify(this.#to)) return;
    this.#to = to;
    this.#agent?.destroy();
    this.#agent = undefined;
    this.#restsUntilMs = 0;
    this.#restMs = REST_MS;
    if (!to) this.#drop();
  }

  add(batch: SpanBatch): void {
    const to = this.#to;
    if (!to || this.#waitingCount + batch.count > to.batchSize * to.batchCount * this.#workers)
      return this.#means.count('dropped', batch.count);
    this.#waiting.push(batch);
    this.#waitingCount += batch.count;
    if (this.#waitingCount >= to.batchSize) void this.#send();
    else this.#timer ??= setTimeout(() => void this.#send(), to.intervalMs).unref();
  }

  /** What waits is sent once more, if that is soon done. */
  async close(): Promise<void> {
    const over = new Promise(done => setTimeout(done, CLOSE_MS));
    await Promise.race([over, this.#sending ?? Promise.resolve()]);
    await Promise.race([over, this.#send()]);
    this.#agent?.destroy();
  }

  #drop(): void {
    this.#means.count('dropped', this.#waitingCount);
    this.#waiting = [];
    this.#waitingCount = 0;
  }

  /** One message after the other, until nothing waits or the collector fails. */
  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#to && this.#waitingCount > 0) {
      const leftMs = this.#restsUntilMs - performance.now();
      if (leftMs > 0) {
        this.#timer ??= setTimeout(() => void this.#send(), leftMs).unref();
        return;
      }
      await this.#sendOne(this.#to);
    }
  }

  async #sendOne(to: TraceExporter): Promise<void> {
    const { text, count } = this.#take(to.batchSize);
    try {
      const rejected = Math.min(count, await this.#post(to, messageOf(to, text)));
      this.#means.count('sent', count - rejected);
      if (rejected > 0) this.#means.count('dropped', rejected);
      this.#restMs = REST_MS;
    } catch (fault) {
      this.#means.count('failed', count);
      this.#restsUntilMs = performance.now() + this.#restMs;
      this.#restMs = Math.min(2 * this.#restMs, MOST_REST_MS);
      this.#tell(`${count} spans are lost: ${to.endpoint}: ${(fault as Error).message}`);
    }
  }

  #take(most: number): SpanBatch {
    const taken: string[] = [];
    let count = 0;
    while (this.#waiting.length > 0 && (count === 0 || count + this.#waiting[0]!.count <= most)) {
      const batch = this.#waiting.shift()!;
      taken.push(batch.text);
      count += batch.count;
    }
    this.#waitingCount -= count;
    return { text: taken.join(','), count };
  }

  #tell(message: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#means.log().error(`otel_exporter: ${message}`);
  }

  /** @returns how many spans the collector did not take @throws {Error} when it does not take the message */
  #post(to: TraceExporter, body: Buffer): Promise<number> {
    const isTls = to.endpoint.startsWith('https:');
    const client = isTls ? nodeHttps() : nodeHttp();
    this.#agent ??= new client.Agent({
      ...{ keepAlive: true, maxSockets: 1 },
      ...(to.trustedCertificate !== undefined && { ca: Buffer.from(to.trustedCertificate, 'latin1') }),
    });
    const headers = {
      ...Object.fromEntries(to.headers),
      ...{ 'Content-Type': 'application/json', 'Content-Length': body.length },
    };
    return new Promise((done, fail) => {
      const how = { method: 'POST', headers, agent: this.#agent, signal: AbortSignal.timeout(ANSWER_MS) };
      const request = client.request(to.endpoint, how, response => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        response.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes <= MOST_ANSWER_BYTES) pieces.push(piece);
        });
        response.on('error', fail).on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode < 200 || statusCode > 299) fail(new Error(`it answers ${statusCode}`));
          else done(rejectedIn(Buffer.concat(pieces)));
        });
      });
      request.on('error', fail).end(body);
    });
  }
}

function messageOf({ serviceName, resource }: TraceExporter, spans: string): Buffer {
  const about = [['service.name', serviceName] as const, ...resource].map(([key, value]) =>
    textAttribute(key, value),
  );
  const bytes = Buffer.from(
    `{"resourceSpans":[{"resource":{"attributes":[${about.join(',')}]},"scopeSpans":[{"scope":{"name":"moat","version":"${VERSION}"},"spans":[${spans}]}]}]}`,
    'latin1',
  );
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString()); // what a client sent may be no UTF-8: with U+FFFD
}

/** ExportTraceServiceResponse.partial_success; what cannot be read has refused nothing. */
function rejectedIn(bytes: Buffer): number {
  try {
    const { partialSuccess } = JSON.parse(bytes.toString() || '{}');
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
