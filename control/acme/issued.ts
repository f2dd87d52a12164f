/** One certificate of an authority: what is shown now, when it is renewed, and how the last order went. */
import type { X509Certificate } from 'node:crypto';
import type { AcmeCertificate } from '#model/l7/acme.ts';
import { selfSigned } from '../x509/self-signed.ts';
import { readChain, refuseMisfit } from './chain.ts';
import type { IssuerDesk } from './desk.ts';
import { AcmeFault } from './fault.ts';
import { openKey } from './keys.ts';
import { type Life, leastMs, lookMs, pauseMs, type RenewalWindow, renewalAtMs } from './schedule.ts';
import type { KeptFailure, Pair } from './store.ts';

const STAND_IN_DAYS = 90;
/** A clock may have been wrong. */
const MOST_PAUSE_MS = 8 * 86_400_000;

/** `stand-in`: nothing was issued yet; `failing`: the last order came to nothing. */
export type IssuedState = 'valid' | 'stand-in' | 'ordering' | 'failing';

export interface ShownIssued {
  readonly id: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly usedBy: readonly string[];
  readonly state: IssuedState;
  /** Another one is shown in its place. */
  readonly isStandIn: boolean;
  /** That one was issued for other names; else it is self-signed. */
  readonly isBorrowed: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When the next order is begun, ms since 1970. */
  readonly nextTryMs: number;
  /** Whether the authority has said when to renew. */
  readonly byAuthority: boolean;
  /** Failures in a row, and why the last one. */
  readonly failures: number;
  readonly lastError: string | undefined;
  /** The order is another node's to make. */
  readonly waitsForNode: boolean;
  /** The last wish to have one revoked, since the program started. */
  readonly revocation: Revocation | undefined;
}

/** What came of it; `fault` when nothing did. */
export interface Revocation {
  /** Of the certificate, hexadecimal. */
  readonly serial: string;
  readonly atMs: number;
  readonly fault?: string;
}

export class Issued {
  certificate: AcmeCertificate;
  desk: IssuerDesk;
  /** What is shown. */
  pair: Pair;
  isStandIn = true;
  /** In place of a self-signed one it shows what was issued for other names, some of these among them. */
  isBorrowed = false;
  isOrdering = false;
  waitsForNode = false;
  failures = 0;
  lastError: string | undefined;
  revocation: Revocation | undefined;
  /** When the next order is due, and when the authority is asked about renewal. */
  dueMs = 0;
  lookAtMs = Number.POSITIVE_INFINITY;
  #window: RenewalWindow | undefined;
  #random = Math.random();
  #life: Life;
  /** Not before this: an authority that wants all renewed at once gets no storm of orders. */
  #notBeforeMs = 0;

  /** Shows a certificate that nobody trusts, until there is another. */
  constructor(certificate: AcmeCertificate, desk: IssuerDesk) {
    this.certificate = certificate;
    this.desk = desk;
    const { identifiers: names } = certificate;
    const made = selfSigned({ commonName: 'moat: nothing was issued yet', names, days: STAND_IN_DAYS });
    this.pair = { chain: made.certificate, key: made.key, uri: '', atMs: 0 };
    this.#life = lifeOf(readChain(made.certificate)[0]!);
  }

  /** The second half of the id. */
  get file(): string {
    return this.certificate.id.slice(this.certificate.issuer.length + 1);
  }

  get life(): Life {
    return this.#life;
  }

  /** @throws {AcmeFault} when it is not what was ordered; then all is as it was */
  adopt(pair: Pair, nowMs: number, isKept = false): void {
    const chain = readChain(pair.chain);
    // One that has expired is better known to clients than a stand-in.
    const atMs = isKept ? Math.min(nowMs, chain[0]!.validToDate.getTime() - 1) : nowMs;
    refuseMisfit(chain, openKey(pair.key), this.certificate.identifiers, atMs);
    this.pair = pair;
    this.#life = lifeOf(chain[0]!);
    this.isStandIn = false;
    this.isBorrowed = false;
    this.#window = undefined;
    this.#random = Math.random();
    this.#notBeforeMs = isKept ? 0 : nowMs + leastMs(this.#life.notAfterMs - this.#life.notBeforeMs);
    this.failures = 0;
    this.waitsForNode = false;
    this.lastError = undefined;
    this.lookAtMs = nowMs;
    this.#plan();
    if (isKept) this.follow(this.desk, nowMs);
  }

  /** Whether a pair that another node has is younger. @throws {AcmeFault} when it cannot be read */
  isOlderThan({ chain, uri, atMs }: Pair): boolean {
    if (uri !== this.desk.issuer.uri) return false;
    if (this.isStandIn || this.pair.uri !== uri) return true;
    const laterMs = lifeOf(readChain(chain)[0]!).notBeforeMs - this.#life.notBeforeMs;
    return laterMs > 0 || (laterMs === 0 && atMs > this.pair.atMs);
  }

  /** Another desk may be another authority, or one that is asked better now: then nothing is waited for. */
  follow(desk: IssuerDesk, nowMs: number): void {
    const isAnother = !this.isStandIn && this.pair.uri !== desk.issuer.uri;
    if (isAnother || (this.failures > 0 && desk !== this.desk)) this.dueMs = nowMs;
    this.desk = desk;
  }

  /** The authority has said when, or that it does not. */
  looked(window: RenewalWindow | undefined, retryAfterMs: number | undefined, nowMs: number): void {
    const isSame = window?.startMs === this.#window?.startMs && window?.endMs === this.#window?.endMs;
    if (!isSame) {
      this.#window = window;
      this.#random = Math.random();
    }
    this.lookAtMs = nowMs + lookMs(retryAfterMs, this.#life.notAfterMs - this.#life.notBeforeMs);
    if (this.failures === 0 && this.pair.uri === this.desk.issuer.uri) this.#plan();
  }

  failed(fault: Error, nowMs: number): void {
    this.failures++;
    this.lastError = fault.message;
    const { retryAfterMs, type } = fault instanceof AcmeFault ? fault : {};
    const leftMs = this.isStandIn ? undefined : this.#life.notAfterMs - nowMs;
    const isLimited = type === 'rateLimited';
    const pause = pauseMs({ count: this.failures, retryAfterMs, isLimited, leftMs }, Math.random());
    this.dueMs = Math.round(nowMs + pause);
  }

  /** Of what is shown, hexadecimal. */
  get serial(): string {
    return readChain(this.pair.chain)[0]!.serialNumber;
  }

  /** A site that gets a name more goes on with what it has, until there is a certificate for all. */
  borrow(pair: Pair): void {
    this.pair = pair;
    this.isBorrowed = true;
    this.#life = lifeOf(readChain(pair.chain)[0]!);
  }

  /** Orders before the start that came to nothing. */
  takeUp({ count, message, dueMs }: KeptFailure, nowMs: number): void {
    if (count < 1 || dueMs <= nowMs || dueMs > nowMs + MOST_PAUSE_MS) return;
    this.failures = count;
    this.lastError = message;
    this.dueMs = dueMs;
  }

  #plan(): void {
    this.dueMs = Math.max(this.#notBeforeMs, renewalAtMs(this.#life, this.#window, this.#random));
  }

  get shown(): ShownIssued {
    const { id, issuer, identifiers, usedBy } = this.certificate;
    return {
      ...{ id, issuer, names: identifiers.map(({ value }) => value), usedBy, state: this.#state },
      ...{
        isStandIn: this.isStandIn,
        isBorrowed: this.isBorrowed,
        ...this.#life,
        nextTryMs: Math.round(this.dueMs),
      },
      ...{ byAuthority: this.#window !== undefined, failures: this.failures, lastError: this.lastError },
      ...{ waitsForNode: this.waitsForNode, revocation: this.revocation },
    };
  }

  get #state(): IssuedState {
    if (this.isOrdering) return 'ordering';
    if (this.failures > 0) return 'failing';
    return this.isStandIn ? 'stand-in' : 'valid';
  }
}

const lifeOf = ({ validFromDate, validToDate }: X509Certificate): Life => ({
  notBeforeMs: validFromDate.getTime(),
  notAfterMs: validToDate.getTime(),
});
