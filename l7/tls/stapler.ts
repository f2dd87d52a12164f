/** OCSP stapling: what responders say of a context's certificates is kept at hand, and renewed before it is too old. */
import type { FileText, StaplingModel } from '#model/l7/tls.ts';
import { ocspRequest, ocspVerdict } from '#native/ocsp.ts';
import { type ShownCertificate, setStaple, shownCertificates, type TlsHandle } from '#native/tls.ts';
import type { ErrorLogger } from '../log/error.ts';
import type { OcspMeans } from './ocsp-responder.ts';
import { bytesOf } from './options.ts';

/** nginx's times: renewed this long before the answer is too old, at least as often, at most as often. */
const BEFORE_MS = 300_000;
const MOST_MS = 3_600_000;
const LEAST_MS = 300_000;

const NOTHING = new Uint8Array(0);

/** Begins to staple; ends with the context. A handshake never waits for it. @param log where faults are told */
export function staple(
  context: TlsHandle,
  stapling: StaplingModel,
  trusted: FileText | undefined,
  log: ErrorLogger,
  means: OcspMeans,
): void {
  for (const [index, shown] of shownCertificates(context).entries()) {
    if (stapling.file) setStaple(context, index, bytesOf(stapling.file.text));
    else void new Staple(context, index, shown, stapling, trusted, log, means).renew();
  }
}

/** Of one certificate. It does not hold its context: that one may end. */
class Staple {
  readonly #context: WeakRef<TlsHandle>;
  readonly #index: number;
  readonly #shown: ShownCertificate;
  readonly #stapling: StaplingModel;
  readonly #trusted: FileText | undefined;
  readonly #log: ErrorLogger;
  readonly #means: OcspMeans;
  #untilMs = 0;

  constructor(
    context: TlsHandle,
    index: number,
    shown: ShownCertificate,
    stapling: StaplingModel,
    trusted: FileText | undefined,
    log: ErrorLogger,
    means: OcspMeans,
  ) {
    this.#context = new WeakRef(context);
    this.#index = index;
    this.#shown = shown;
    this.#stapling = stapling;
    this.#trusted = trusted;
    this.#log = log;
    this.#means = means;
  }

  async renew(): Promise<void> {
    const { issuer } = this.#shown;
    const url = this.#stapling.responder ?? this.#shown.responder;
    if (!issuer || !url || !this.#context.deref()) return; // the configuration's check has warned of the first two
    try {
      await this.#ask(url, issuer);
    } catch (error) {
      this.#log.writeAlone(
        'warn',
        `${(error as Error).message} while requesting certificate status, responder: ${url}`,
      );
      this.#again(LEAST_MS);
    }
  }

  async #ask(url: string, issuer: Buffer): Promise<void> {
    const { certificate } = this.#shown;
    const resolver = this.#means.resolverOf(this.#stapling.resolver);
    const answer = await this.#means.ask(url, ocspRequest(certificate, issuer), resolver);
    const trusted = this.#trusted && { trusted: bytesOf(this.#trusted.text) };
    const { verify } = this.#stapling;
    const { status, untilMs } = ocspVerdict({ certificate, issuer, answer, verify, ...trusted });
    if (status !== 'good') throw new Error(`certificate status "${status}" in the OCSP response`);
    const context = this.#context.deref();
    if (!context) return;
    setStaple(context, this.#index, answer);
    this.#untilMs = untilMs < 0 ? Number.POSITIVE_INFINITY : untilMs;
    const leftMs = this.#untilMs - this.#means.nowMs() - BEFORE_MS;
    this.#again(Math.max(LEAST_MS, Math.min(leftMs, MOST_MS)));
  }

  /** Asks again, and takes back what is too old until then. */
  #again(inMs: number): void {
    const leftMs = this.#untilMs - this.#means.nowMs();
    if (this.#untilMs > 0 && leftMs < inMs) setTimeout(() => this.#expire(), Math.max(0, leftMs)).unref();
    setTimeout(() => void this.renew(), inMs).unref();
  }

  #expire(): void {
    const context = this.#context.deref();
    if (context && this.#untilMs <= this.#means.nowMs()) setStaple(context, this.#index, NOTHING);
  }
}
