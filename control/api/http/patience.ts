/** How long a body may take: all of it soon, or of an upload each next part, however long the whole is. */
import type { IncomingMessage } from 'node:http';

export interface PatienceLimits {
  /** For a whole body. */
  readonly wholeMs: number;
  /** Of an upload: for each `partBytes`, while somebody waits for them. */
  readonly partMs: number;
  readonly partBytes: number;
}

/** A line of 4 kbit/s brings it. */
export const USUAL: PatienceLimits = { wholeMs: 30_000, partMs: 30_000, partBytes: 16 << 10 };

export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Of one request, from the end of its head on. */
export class Patience {
  readonly #limits: PatienceLimits;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Of this part. */
  #leftMs: number;
  #bytes = 0;
  #sinceMs = 0;

  /** @param giveUp ends the connection; called once at most */
  constructor(request: IncomingMessage, giveUp: () => void, limits = USUAL) {
    this.#limits = limits;
    this.#giveUp = giveUp;
    this.#leftMs = limits.partMs;
    if (!hasBody(request)) return;
    this.#wait(limits.wholeMs);
    const stop = () => clearTimeout(this.#timer);
    request.once('end', stop).once('close', stop);
  }

  /** From here on by parts: whoever reads says when it waits, and what came. */
  await(): void {
    this.#sinceMs = performance.now();
    this.#wait(this.#leftMs);
  }

  came(bytes: number): void {
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#sinceMs;
    this.#bytes += bytes;
    if (this.#bytes < this.#limits.partBytes) return;
    this.#bytes = 0;
    this.#leftMs = this.#limits.partMs;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#giveUp, Math.max(1, ms)).unref();
  }
}

/** How a request has come, beside what it says. */
export interface Arrival {
  /** Whether the client waits for a 100. */
  readonly expects: boolean;
  readonly patience: Patience;
}
