/** Dealings with one authority, one thing at a time: the conversation is begun when it is needed, and begun anew now and then. */
import { Turns } from '#kit/turns.ts';
import type { AcmeCertificate, AcmeIssuer } from '#model/l7/acme.ts';
import { forgetAccount, openAccount } from './account.ts';
import type { AnswerBoard } from './board.ts';
import { AcmeFault } from './fault.ts';
import { newKey, openKey } from './keys.ts';
import { OrderWork } from './order.ts';
import { askRenewal, type RenewalInfo, renewalId } from './renewal-info.ts';
import { type RevocationReason, revoke } from './revocation.ts';
import { Session } from './session.ts';
import { AcmeStore, type KeptAccount, type Pair } from './store.ts';

/** A directory is read again after so long. */
const SESSION_MS = 3_600_000;

export interface DeskMeans {
  readonly board: AnswerBoard;
  readonly stop: AbortSignal;
  readonly warn: (message: string) => void;
}

export class IssuerDesk implements Disposable {
  readonly issuer: AcmeIssuer;
  readonly store: AcmeStore;
  readonly #means: DeskMeans;
  readonly #turns = new Turns();
  #session: Session | undefined;
  #begunMs = 0;

  constructor(issuer: AcmeIssuer, means: DeskMeans) {
    this.issuer = issuer;
    this.store = new AcmeStore(issuer);
    this.#means = means;
  }

  /**
   * @param shown the certificate that the new one is to follow
   * @param mayBegin asked when it is its turn
   * @returns undefined: it may not
   * @throws {AcmeFault}
   */
  order(
    certificate: AcmeCertificate,
    file: string,
    shown: Pair | undefined,
    mayBegin: () => Promise<boolean>,
  ): Promise<Pair | undefined> {
    return this.#turns.take(async () => {
      if (!(await mayBegin())) return undefined;
      return this.#known(session =>
        new OrderWork({
          ...this.#means,
          ...{ session, issuer: this.issuer, certificate, file, store: this.store },
          replaces: shown && renewalId(shown.chain),
        }).run(),
      );
    });
  }

  /** When the authority wants it renewed; undefined: it does not say. @throws {AcmeFault} */
  renewal({ chain }: Pair): Promise<RenewalInfo | undefined> {
    const id = renewalId(chain);
    if (id === undefined) return Promise.resolve(undefined);
    return this.#turns.take(async () => askRenewal(await this.#talk(), id));
  }

  /** @throws {AcmeFault} */
  revoke({ chain }: Pair, reason: RevocationReason): Promise<void> {
    return this.#turns.take(() => this.#known(session => revoke(session, chain, reason)));
  }

  /** With an account that the authority knows: one that it has forgotten is registered anew. */
  async #known<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let isAgain = false; ; isAgain = true) {
      const session = await this.#talk();
      try {
        await openAccount(session, this.issuer, this.store);
        return await work(session);
      } catch (fault) {
        if (!(fault instanceof AcmeFault) || fault.type !== 'accountDoesNotExist' || isAgain) throw fault;
        forgetAccount(session, this.store);
      }
    }
  }

  async #talk(): Promise<Session> {
    const nowMs = performance.now();
    if (this.#session && nowMs - this.#begunMs < SESSION_MS) return this.#session;
    this.#session?.[Symbol.dispose]();
    const { uri, trusted, verify } = this.issuer;
    this.#session = new Session(uri, openKey(await this.#accountKey()), { trusted: trusted?.text, verify });
    this.#begunMs = nowMs;
    return this.#session;
  }

  /** The account that other nodes may use too; undefined: there is none yet, or its key is in a file that they have. */
  get account(): { readonly key: string; readonly account: KeptAccount } | undefined {
    const key = typeof this.issuer.accountKey === 'string' ? this.store.accountKey() : undefined;
    const account = this.store.account();
    return key !== undefined && account?.uri === this.issuer.uri ? { key, account } : undefined;
  }

  /** Takes the account of another node, where this one has none yet. @throws {Error} when it is none */
  adoptAccount({ key, account }: { readonly key: string; readonly account: KeptAccount }): void {
    const { accountKey, uri } = this.issuer;
    if (typeof accountKey !== 'string' || account.uri !== uri || this.store.account()?.uri === uri) return;
    openKey(key);
    this.store.keepAccountKey(key);
    this.store.keepAccount(account);
    this[Symbol.dispose]();
  }

  async #accountKey(): Promise<string> {
    const { accountKey } = this.issuer;
    if (typeof accountKey !== 'string') return accountKey.text;
    const kept = this.store.accountKey();
    if (kept !== undefined) return kept;
    const made = await newKey(accountKey);
    this.store.keepAccountKey(made);
    return made;
  }

  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }
}
