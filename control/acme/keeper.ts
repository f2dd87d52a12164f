/** Certificates that authorities issue while moat runs: ordered, renewed, kept, and shown without a reload. */
import type { Log } from '#kit/log.ts';
import type { AcmeNews } from '#l7';
import type { AcmeCertificate, AcmeIssuer, AcmeModel } from '#model/l7/acme.ts';
import { AnswerBoard } from './board.ts';
import { IssuerDesk } from './desk.ts';
import { Issued, type ShownIssued } from './issued.ts';

/** How often it is looked whether an order is another node's still. */
const WAIT_MS = 5000;
const MOST_SLEEP_MS = 3_600_000;
const LEAST_SLEEP_MS = 50;
/** After this an authority that said nothing useful about renewal is asked again. */
const LOOK_AGAIN_MS = 3_600_000;

export interface AcmeMeans {
  readonly log: () => Log;
  /** Has the workers show and answer what is new. */
  readonly tell: (news: AcmeNews) => Promise<void>;
  /** Whether this node is the one that orders. */
  readonly mayOrder: () => Promise<boolean>;
}

export interface RenewWish {
  /** By an id, or a name in it; undefined: all. */
  readonly which?: string | undefined;
  /** Also those that are not due. */
  readonly force: boolean;
}

/** What came of an order: `fault` when nothing did. */
export interface Renewed {
  readonly id: string;
  readonly fault?: string;
}

export class AcmeKeeper {
  readonly #means: AcmeMeans;
  readonly #stop = new AbortController();
  readonly #board: AnswerBoard;
  #desks = new Map<string, IssuerDesk>();
  #all = new Map<string, Issued>();
  /** Of the configuration that is being brought into force. */
  #next: { readonly desks: Map<string, IssuerDesk>; readonly all: Map<string, Issued> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isPaused = false;
  #issued = 0;
  #failed = 0;

  constructor(means: AcmeMeans) {
    this.#means = means;
    this.#board = new AnswerBoard(answers => means.tell({ answers }));
  }

  /** Has something to show for each certificate of a configuration: what is kept, or a stand-in. */
  async prepare(model: AcmeModel | undefined): Promise<void> {
    const desks = new Map((model?.issuers ?? []).map(issuer => [issuer.name, this.#desk(issuer)]));
    const all = new Map<string, Issued>();
    for (const certificate of model?.certificates ?? [])
      all.set(certificate.id, this.#open(certificate, desks.get(certificate.issuer)!));
    this.#next = { desks, all };
    const fresh = [...all.values()].filter(one => this.#all.get(one.certificate.id) !== one);
    if (fresh.length > 0) await this.#show(fresh);
  }

  /** It is in force: orders are made by it from here on. */
  commit(): void {
    const { desks, all } = this.#next ?? { desks: new Map(), all: new Map() };
    this.#next = undefined;
    for (const [name, desk] of this.#desks) if (desks.get(name) !== desk) desk[Symbol.dispose]();
    for (const one of all.values()) {
      const desk = desks.get(one.certificate.issuer);
      if (desk) one.follow(desk, Date.now());
      if (one.isStandIn && this.#all.get(one.certificate.id) !== one) this.#tellStandIn(one);
    }
    this.#desks = desks;
    this.#all = all;
    this.#wake();
  }

  #desk(issuer: AcmeIssuer): IssuerDesk {
    const known = this.#desks.get(issuer.name);
    if (known && JSON.stringify(known.issuer) === JSON.stringify(issuer)) return known;
    const warn = (message: string) => this.#means.log().warn(`acme: ${issuer.name}: ${message}`);
    return new IssuerDesk(issuer, { board: this.#board, stop: this.#stop.signal, warn });
  }

  #open(certificate: AcmeCertificate, desk: IssuerDesk): Issued {
    const known = this.#all.get(certificate.id);
    if (known) {
      known.certificate = certificate; // its servers may be others
      return known;
    }
    const made = new Issued(certificate, desk);
    try {
      const kept = desk.store.pair(made.file);
      if (kept) made.adopt(kept, Date.now(), true);
    } catch (fault) {
      const where = `${desk.store.path}/${made.file}.pem`;
      this.#means
        .log()
        .error(`acme: "${where}" is of no use: ${(fault as Error).message}: it is ordered anew`);
    }
    return made;
  }

  #tellStandIn({ certificate: { id, issuer } }: Issued): void {
    const text = `acme: ${id}: clients are shown a self-signed certificate until "${issuer}" has issued one`;
    this.#means.log().warn(text);
  }

  #show(all: readonly Issued[]): Promise<void> {
    return this.#means.tell({
      pairs: all.map(({ certificate: { id }, pair }) => ({ id, certificate: pair.chain, key: pair.key })),
    });
  }

  #wake(): void {
    clearTimeout(this.#timer);
    if (this.#isPaused || this.#all.size === 0) return;
    const nowMs = Date.now();
    let nextMs = nowMs + MOST_SLEEP_MS;
    for (const one of this.#all.values())
      if (!one.isOrdering) nextMs = Math.min(nextMs, one.dueMs, one.lookAtMs);
    this.#timer = setTimeout(() => this.#look(), Math.max(LEAST_SLEEP_MS, nextMs - nowMs)).unref();
  }

  #look(): void {
    const nowMs = Date.now();
    for (const one of this.#all.values()) {
      if (one.isOrdering) continue;
      if (one.dueMs <= nowMs) void this.#order(one);
      else if (one.lookAtMs <= nowMs) void this.#ask(one);
    }
    this.#wake();
  }

  /** Never throws. @returns why nothing came of it; undefined: there is a new certificate */
  async #order(one: Issued, isCommanded = false): Promise<string | undefined> {
    one.isOrdering = true;
    try {
      one.waitsForNode = !isCommanded && !(await this.#means.mayOrder());
      if (one.waitsForNode) {
        one.dueMs = Date.now() + WAIT_MS;
        return 'another node orders';
      }
      const pair = await one.desk.order(one.certificate, one.file, one.isStandIn ? undefined : one.pair);
      one.adopt(pair, Date.now());
      await this.#show([one]);
      this.#issued++;
      this.#tellIssued(one);
      return undefined;
    } catch (fault) {
      if (this.#stop.signal.aborted) return 'moat is ending';
      this.#failed++;
      one.failed(fault as Error, Date.now());
      this.#tellFailed(one);
      return (fault as Error).message;
    } finally {
      one.isOrdering = false;
      this.#wake();
    }
  }

  #tellIssued({ certificate: { id, issuer }, life, dueMs }: Issued): void {
    const [until, again] = [life.notAfterMs, dueMs].map(ms => new Date(ms).toISOString());
    this.#means
      .log()
      .notice(`acme: ${id}: "${issuer}" has issued a certificate until ${until}, renewal ${again}`);
  }

  #tellFailed({ certificate: { id }, isStandIn, lastError, failures, dueMs }: Issued): void {
    const stays = isStandIn ? 'clients are shown a self-signed one' : 'the certificate before stays in force';
    this.#means
      .log()
      .error(
        `acme: ${id}: no certificate: ${lastError}: ${stays}; try ${failures + 1} at ${new Date(dueMs).toISOString()}`,
      );
  }

  /** When the authority wants it renewed; what it cannot say now is asked later. */
  async #ask(one: Issued): Promise<void> {
    const nowMs = Date.now();
    one.lookAtMs = nowMs + LOOK_AGAIN_MS;
    try {
      const info = await one.desk.renewal(one.pair);
      one.looked(info?.window, info?.retryAfterMs, Date.now());
    } catch (fault) {
      const { message } = fault as Error;
      if (!this.#stop.signal.aborted)
        this.#means.log().info(`acme: ${one.certificate.id}: nothing is known of its renewal: ${message}`);
    }
    this.#wake();
  }

  /** Sorted by id. */
  get shown(): ShownIssued[] {
    return [...this.#all.values()].map(({ shown }) => shown).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Certificates in force, PEM, by id. */
  get chains(): ReadonlyMap<string, string> {
    return new Map([...this.#all].map(([id, { pair }]) => [id, pair.chain]));
  }

  /** Orders since the start, by what came of them. */
  get counts(): { readonly issued: number; readonly failed: number } {
    return { issued: this.#issued, failed: this.#failed };
  }

  /**
   * Orders at once what is due, or has failed; with force what is neither.
   *
   * @returns what came of each, when it has @throws {Error} when no certificate is meant
   */
  async renew({ which, force }: RenewWish): Promise<readonly Renewed[]> {
    const meant = [...this.#all.values()].filter(({ certificate: { id, identifiers } }) =>
      which === undefined ? true : id === which || identifiers.some(({ value }) => value === which),
    );
    if (meant.length === 0)
      throw new Error(
        which === undefined ? 'no certificate is ordered' : `there is no certificate "${which}"`,
      );
    const due = meant.filter(one => force || one.failures > 0 || one.isStandIn || one.dueMs <= Date.now());
    return Promise.all(
      due.map(async one => {
        const { id } = one.certificate;
        if (one.isOrdering) return { id, fault: 'it is being ordered already' };
        const fault = await this.#order(one, true);
        return fault === undefined ? { id } : { id, fault };
      }),
    );
  }

  /** Another process of this host takes over, or has gone again. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wake();
  }

  /** What is under way stays where it is; the next start goes on with it. */
  close(): void {
    this.#isPaused = true;
    clearTimeout(this.#timer);
    this.#stop.abort();
    for (const desk of this.#desks.values()) desk[Symbol.dispose]();
  }
}
