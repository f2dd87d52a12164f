/** How the certificates are that clients are shown, in numbers: of these alerts are raised. */
import type { Model } from '#model/main.ts';
import type { AcmeKeeper } from './acme/keeper.ts';
import { certificatesOf, type ShownCertificate, stateOf } from './certificates.ts';

/** So many of the configuration's are looked at; each is read once. */
const MOST = 1000;

export interface CertificateCounts {
  /** With less than a quarter of their lives left, or none. */
  readonly expiring: number;
  /** Whose last order came to nothing. */
  readonly failing: number;
  /** In whose place a self-signed one is shown. */
  readonly standIns: number;
}

export class CertificateHealth {
  readonly #acme: () => AcmeKeeper | undefined;
  #model: Model | undefined;
  #known: readonly ShownCertificate[] | undefined;

  constructor(acme: () => AcmeKeeper | undefined) {
    this.#acme = acme;
  }

  /** A configuration is in force. */
  follow(model: Model): void {
    this.#model = model;
    this.#known = undefined;
  }

  now(nowMs = Date.now()): CertificateCounts {
    this.#known ??= this.#model ? certificatesOf(this.#model, nowMs, MOST) : [];
    const issued = this.#acme()?.shown ?? [];
    const lives = [...this.#known, ...issued.filter(({ isStandIn, isBorrowed }) => !isStandIn || isBorrowed)];
    const isNear = (state: string) => state === 'soon' || state === 'expired';
    return {
      expiring: lives.filter(one => isNear(stateOf(one.notBeforeMs, one.notAfterMs, nowMs))).length,
      failing: issued.filter(({ failures }) => failures > 0).length,
      standIns: issued.filter(({ isStandIn, isBorrowed }) => isStandIn && !isBorrowed).length,
    };
  }
}
