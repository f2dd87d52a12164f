/**
 * One order (RFC 8555 §7.4), from whatever state it is in, so that one that was cut short is gone on with:
 *
 * ```
 * new ─▶ pending ── names proved ──▶ ready ── request sent ──▶ processing ──▶ valid ── downloaded ──▶ done
 *           └───────────── a name was not proved ─────────▶ invalid
 * ```
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcmeCertificate, AcmeIssuer, DnsHook } from '#model/l7/acme.ts';
import { certificateRequest } from '../x509/request.ts';
import { type Demand, demandOf, prove } from './authorization.ts';
import type { AnswerBoard } from './board.ts';
import { leadsTo, pemOf, readChain, refuseMisfit } from './chain.ts';
import { AcmeFault, plain, problemIn } from './fault.ts';
import { runHook } from './hook.ts';
import { thumbprintOf } from './jose.ts';
import { newKey, openKey } from './keys.ts';
import { watch } from './patience.ts';
import { httpAnswer, keyAuthorization, tlsAnswer, txtRecord } from './proof.ts';
import { objectIn, type Session } from './session.ts';
import type { AcmeStore, KeptOrder, Pair } from './store.ts';
import { secureUrl } from './wire.ts';

const MOST_AUTHORIZATIONS = 200;
const MOST_CHAINS = 5;
/** What says nothing about the order itself. */
const PASSING = ['rateLimited', 'serverInternal', 'badNonce', 'accountDoesNotExist'];
const PEM_CHAIN = 'application/pem-certificate-chain';

export interface OrderMeans {
  readonly session: Session;
  readonly issuer: AcmeIssuer;
  readonly certificate: AcmeCertificate;
  /** Of its files. */
  readonly file: string;
  readonly store: AcmeStore;
  readonly board: AnswerBoard;
  /** By which the authority knows the certificate that this one is to follow (RFC 9773 §5). */
  readonly replaces: string | undefined;
  readonly stop: AbortSignal;
  readonly warn: (message: string) => void;
}

interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | undefined;
  readonly why: string | undefined;
}

export class OrderWork {
  readonly #means: OrderMeans;
  #kept: KeptOrder | undefined;

  constructor(means: OrderMeans) {
    this.#means = means;
  }

  /** @throws {AcmeFault} with the reason; an order that may still come to something stays in the store */
  async run(): Promise<Pair> {
    const { store, file } = this.#means;
    this.#kept = store.order(file);
    if (this.#kept) await this.#sweep(this.#kept);
    const order = (await this.#resumed()) ?? (await this.#begin());
    const pair = await this.#finish(order);
    store.keepPair(file, pair);
    this.#keep(undefined);
    return pair;
  }

  #keep(order: KeptOrder | undefined): void {
    this.#kept = order;
    this.#means.store.keepOrder(this.#means.file, order);
  }

  /** Takes out the records that an earlier run has left. */
  async #sweep({ records, ...rest }: KeptOrder): Promise<void> {
    const { hook } = this.#means.issuer;
    if (records.length === 0 || !hook) return;
    for (const record of records) await this.#cleanUp(hook, record);
    this.#keep({ ...rest, records: [] });
  }

  /** The order that was cut short; undefined: there is none, or nothing will come of it. */
  async #resumed(): Promise<Order | undefined> {
    const kept = this.#kept;
    if (!kept) return undefined;
    try {
      const order = await this.#read(kept.url);
      if (order.status !== 'invalid') return order;
    } catch (fault) {
      // Forgotten, or of another account.
      if (!(fault instanceof AcmeFault) || fault.status === undefined || fault.status >= 500) throw fault;
      if (fault.type === 'accountDoesNotExist') throw fault;
    }
    this.#keep(undefined);
    return undefined;
  }

  async #begin(): Promise<Order> {
    const { session, certificate } = this.#means;
    const { newOrder } = await session.directory();
    const key = await newKey(certificate.key);
    const { field, text } = await session.post(newOrder, await this.#wish()).catch(async fault => {
      const isOld = fault instanceof AcmeFault && fault.type === 'alreadyReplaced';
      if (!isOld) throw fault;
      const { replaces: _, ...wish } = await this.#wish();
      return session.post(newOrder, wish);
    });
    this.#keep({ url: secureUrl(field('location')), key, records: [] });
    return readOrder(text);
  }

  async #wish(): Promise<Record<string, unknown>> {
    const { session, issuer, certificate, replaces, warn } = this.#means;
    const { profiles, renewalInfo } = await session.directory();
    const { profile } = issuer;
    const has = profile !== undefined && profiles.includes(profile.name);
    if (profile && !has) {
      const text = `the authority has no profile "${plain(profile.name)}", but ${profiles.map(plain).join(', ') || 'none at all'}`;
      if (profile.isRequired) throw new AcmeFault(text);
      warn(`${text}: it chooses by itself`);
    }
    return {
      identifiers: certificate.identifiers,
      ...(has && { profile: profile.name }),
      ...(replaces !== undefined && renewalInfo !== undefined && { replaces }),
    };
  }

  async #finish(first: Order): Promise<Pair> {
    let order = first;
    if (order.status === 'pending') {
      await this.#proveAll(order.authorizations);
      order = await this.#settled(['pending']);
    }
    if (order.status === 'ready') {
      const { session, certificate } = this.#means;
      const request = certificateRequest(openKey(this.#kept!.key), certificate.identifiers);
      await this.#judged(() => session.post(order.finalize, { csr: request.toString('base64url') }));
    }
    if (order.status !== 'valid') order = await this.#settled(['ready', 'processing']);
    if (order.certificate === undefined) throw this.#refused(order);
    return this.#download(order.certificate);
  }

  /** Waits while the order is in one of these states. @throws {AcmeFault} when it has become invalid */
  async #settled(passing: readonly string[]): Promise<Order> {
    const { session, stop } = this.#means;
    const { url } = this.#kept!;
    const look = async () => {
      const { text, retryAfterMs } = await session.post(url);
      return { found: readOrder(text), retryAfterMs };
    };
    const order = await watch(look, ({ status }) => !passing.includes(status), 'the order', stop);
    if (order.status === 'invalid') throw this.#refused(order);
    return order;
  }

  /** Nothing comes of it any more. */
  #refused({ status, why }: Order): AcmeFault {
    this.#keep(undefined);
    return new AcmeFault(`the order is ${status}${why === undefined ? '' : `: ${why}`}`);
  }

  async #read(url: string): Promise<Order> {
    return readOrder((await this.#means.session.post(url)).text);
  }

  async #proveAll(authorizations: readonly string[]): Promise<void> {
    const { session, issuer, certificate } = this.#means;
    const demands: Demand[] = [];
    for (const url of authorizations) {
      const demand = await demandOf(session, url, issuer.challenge, certificate.identifiers);
      if (demand) demands.push(demand);
    }
    await this.#judged(() =>
      issuer.challenge === 'dns-01'
        ? this.#proveByRecords(demands, issuer.hook!)
        : this.#proveByAnswers(demands),
    );
  }

  /** An order about which the authority has judged is over. */
  async #judged(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      const type = fault instanceof AcmeFault ? fault.type : undefined;
      if (type !== undefined && !PASSING.includes(type)) this.#keep(undefined);
      throw fault;
    }
  }

  async #proveByAnswers(demands: readonly Demand[]): Promise<void> {
    const { session, board, stop } = this.#means;
    const thumbprint = thumbprintOf(session.key);
    const answers = demands.map(({ identifier, token }) => {
      const text = keyAuthorization(token, thumbprint);
      return this.#means.issuer.challenge === 'http-01'
        ? httpAnswer(token, text)
        : tlsAnswer(identifier, text);
    });

    await using _ = await board.hold(answers);
    for (const demand of demands) await prove(session, demand, stop);
  }

  /** Each is noted before it is written: whoever is killed in between takes it out later. */
  async #proveByRecords(demands: readonly Demand[], hook: DnsHook): Promise<void> {
    const { session, stop } = this.#means;
    const thumbprint = thumbprintOf(session.key);
    try {
      for (const { identifier, token } of demands) {
        const record = txtRecord(identifier, keyAuthorization(token, thumbprint));
        this.#keep({ ...this.#kept!, records: [...this.#kept!.records, record] });
        await runHook(hook, 'present', record, stop);
      }
      await sleep(hook.waitMs, undefined, { signal: stop });
      for (const demand of demands) await prove(session, demand, stop);
    } finally {
      if (!stop.aborted && this.#kept) await this.#sweep(this.#kept); // else the next start does it
    }
  }

  async #cleanUp(hook: DnsHook, record: KeptOrder['records'][number]): Promise<void> {
    const { stop, warn } = this.#means;
    await runHook(hook, 'cleanup', record, stop).catch(fault => warn((fault as Error).message));
  }

  async #download(url: string): Promise<Pair> {
    const { session, certificate, issuer } = this.#means;
    const { key } = this.#kept!;
    const first = await session.post(url, undefined, PEM_CHAIN);
    const texts = [first.text];
    const wanted = issuer.preferredChain;
    for (const other of wanted === undefined ? [] : first.alternates.slice(0, MOST_CHAINS))
      texts.push((await session.post(secureUrl(new URL(other, url).href), undefined, PEM_CHAIN)).text);
    const chains = texts.map(readChain);
    const chain = chains.find(one => wanted !== undefined && leadsTo(one, wanted)) ?? chains[0]!;
    try {
      refuseMisfit(chain, openKey(key), certificate.identifiers, Date.now());
    } catch (fault) {
      this.#keep(undefined); // the next one may be better
      throw fault;
    }
    return { chain: pemOf(chain), key, uri: issuer.uri, atMs: Date.now() };
  }
}

/** @throws {AcmeFault} */
function readOrder(text: string): Order {
  const { status, authorizations, finalize, certificate, error } = objectIn(text);
  if (!Array.isArray(authorizations) || authorizations.length > MOST_AUTHORIZATIONS)
    throw new AcmeFault('the authority gives an order without authorizations, or with too many');
  return {
    ...{
      status: plain(status),
      authorizations: authorizations.map(secureUrl),
      finalize: secureUrl(finalize),
    },
    certificate: certificate === undefined ? undefined : secureUrl(certificate),
    why: problemIn(error)?.words,
  };
}
