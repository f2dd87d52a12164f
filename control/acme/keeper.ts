/** Certificates that authorities issue while moat runs: ordered, renewed, kept, and shown without a reload. */
import type { Log } from '#kit/log.ts';
import type { AcmeNews, AcmeNote } from '#l7';
import type { AcmeCertificate, AcmeIssuer, AcmeModel } from '#model/l7/acme.ts';
import { AnswerBoard } from './board.ts';
import { IssuerDesk } from './desk.ts';
import type { Issued, Revocation, ShownIssued } from './issued.ts';
import { keepFailure, moveIssued, openIssued, rereadIssued } from './issued-files.ts';
import { keptFor } from './kept-for.ts';
import type { Company } from './leader.ts';
import { accountNote, allNotes, pairNote, takeAccount, takePair } from './notes.ts';
import type { RevocationReason } from './revocation.ts';
import { Sharing } from './sharing.ts';
import { failedText, heardText, issuedText, revokedText, standInText, uselessText } from './words.ts';

/** How often it is looked whether an order is another node's still. */
const WAIT_MS = 1000;
/** So long it is waited at first for nodes that may have all that is wanted. */
const GRACE_MS = 10_000;
/** A node that has failed tries again before others do. */
const CLAIM_SLACK_MS = 60_000;
const FRESH_MS = 250;
const MOST_SLEEP_MS = 3_600_000;
const LEAST_SLEEP_MS = 50;
/** After this an authority that said nothing useful about renewal is asked again. */
const LOOK_AGAIN_MS = 3_600_000;

export interface AcmeMeans {
  readonly log: () => Log;
  /** Has the workers show and answer what is new. */
  readonly tell: (news: AcmeNews) => Promise<void>;
  /** Whether this node has the addresses that authorities come to. */
  readonly mayOrder: () => Promise<boolean>;
  /** Has the other nodes of a session store hear notes. */
  readonly say: (notes: readonly AcmeNote[]) => void;
  /** Undefined: nothing is shared. */
  readonly company: () => Promise<Company | undefined>;
}

export interface RenewWish {
  /** By an id, or a name in it; undefined: all. */
  readonly which?: string | undefined;
  /** Also those that are not due. */
  readonly force: boolean;
}

export interface RevokeWish {
  /** By an id, or a name in it: one certificate. */
  readonly which: string;
  readonly reason: RevocationReason;
  /** Also where no other can be shown in its place. */
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
  readonly #sharing: Sharing;
  readonly #begunMs = performance.now();
  #desks = new Map<string, IssuerDesk>();
  #all = new Map<string, Issued>();
  /** Of the configuration that is being brought into force. */
  #next: { readonly desks: Map<string, IssuerDesk>; readonly all: Map<string, Issued> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isPaused = false;
  /** Asked for many certificates at once. */
  readonly #mayOrder: () => Promise<boolean>;
  readonly #company: () => Promise<Company | undefined>;
  #issued = 0;
  #failed = 0;

  constructor(means: AcmeMeans) {
    this.#means = means;
    this.#mayOrder = keptFor(FRESH_MS, means.mayOrder);
    this.#company = keptFor(FRESH_MS, means.company);
    this.#sharing = new Sharing({
      say: means.say,
      listeners: async () => (await means.company())?.listeners ?? 0,
      answersChanged: () => this.#tellAnswers(),
    });
    this.#board = new AnswerBoard(async answers => {
      await this.#tellAnswers();
      if (await means.company()) await this.#sharing.tellAnswers(answers);
    });
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
      if (desk) moveIssued(one, desk, this.#means.log());
      if (one.isStandIn && this.#all.get(one.certificate.id) !== one)
        this.#means.log().warn(standInText(one));
    }
    this.#desks = desks;
    this.#all = all;
    this.#means.say(allNotes(all.values(), desks.values()));
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
    return openIssued(certificate, desk, this.#means.log());
  }

  #show(all: readonly Issued[]): Promise<void> {
    return this.#means.tell({
      pairs: all.map(({ certificate: { id }, pair }) => ({ id, certificate: pair.chain, key: pair.key })),
    });
  }

  /** Workers answer what any node is asked about. */
  #tellAnswers(): Promise<void> {
    return this.#means.tell({ answers: [...this.#board.all, ...this.#sharing.answers()] });
  }

  /** Takes what other nodes say. Never throws: what is of no use is told of. */
  async hear(notes: readonly AcmeNote[]): Promise<void> {
    await this.#sharing.take(notes);
    for (const note of notes)
      try {
        if (note.kind === 'account') takeAccount(note, this.#desks);
        else if (note.kind === 'pair') await this.#hearPair(note);
      } catch (fault) {
        this.#means.log().warn(uselessText(note.id, fault as Error));
      }
  }

  async #hearPair(note: AcmeNote): Promise<void> {
    const one = takePair(note, this.#all);
    if (!one) return;
    await this.#show([one]);
    this.#means.log().notice(heardText(one));
    this.#wake();
    one.desk.store.keepPair(one.file, one.pair);
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
    const { id } = one.certificate;
    one.isOrdering = true;
    try {
      const shown = one.isStandIn ? undefined : one.pair;
      const mayBegin = async () => isCommanded || this.#isOurs(one);
      const pair = await one.desk.order(one.certificate, one.file, shown, mayBegin);
      one.waitsForNode = !pair && one.dueMs <= Date.now();
      if (!pair) {
        if (one.waitsForNode) one.dueMs = Date.now() + WAIT_MS;
        return 'another node orders';
      }
      one.adopt(pair, Date.now());
      keepFailure(one, this.#means.log());
      await this.#show([one]);
      this.#means.say([...accountNote(one.desk), pairNote(one)]);
      this.#sharing.release(id);
      this.#issued++;
      this.#means.log().notice(issuedText(one));
      return undefined;
    } catch (fault) {
      if (this.#stop.signal.aborted) return 'moat is ending';
      this.#failed++;
      one.failed(fault as Error, Date.now());
      keepFailure(one, this.#means.log());
      this.#sharing.release(id, one.dueMs + CLAIM_SLACK_MS);
      this.#means.log().error(failedText(one));
      return (fault as Error).message;
    } finally {
      one.isOrdering = false;
      this.#wake();
    }
  }

  /** Whether no other node is to order it, or does. At first it is waited for what the others have. */
  async #isOurs({ certificate: { id }, dueMs }: Issued): Promise<boolean> {
    if (!(await this.#mayOrder())) return false;
    const company = await this.#company();
    if (!company) return true;
    if (!company.isInStep && performance.now() - this.#begunMs < GRACE_MS) return false;
    // Another node may have told of its own while this one waited.
    return dueMs <= Date.now() && this.#sharing.claim(id);
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
    const meant = this.#meant(which);
    const due = meant.filter(one => force || one.failures > 0 || one.isStandIn || one.dueMs <= Date.now());
    return Promise.all(
      due.map(async one => {
        const { id } = one.certificate;
        const fault = await this.#orderNow(one);
        return fault === undefined ? { id } : { id, fault };
      }),
    );
  }

  /** @throws {Error} when there is none */
  #meant(which: string | undefined): readonly Issued[] {
    const meant = [...this.#all.values()].filter(({ certificate: { id, identifiers } }) =>
      which === undefined ? true : id === which || identifiers.some(({ value }) => value === which),
    );
    if (meant.length > 0) return meant;
    throw new Error(which === undefined ? 'no certificate is ordered' : `there is no certificate "${which}"`);
  }

  #orderNow(one: Issued): Promise<string | undefined> {
    return one.isOrdering ? Promise.resolve('it is being ordered already') : this.#order(one, true);
  }

  /**
   * Has the authority take back the certificate that is shown, when another one, of another key, is shown in its place.
   *
   * @returns what came of it, when it has @throws {Error} when not one certificate of this authority is meant
   */
  async revoke({ which, reason, force }: RevokeWish): Promise<Revocation> {
    const one = this.#revocable(which);
    const { pair, serial, desk } = one;
    const unordered = await this.#orderNow(one);
    const wrong =
      unordered === undefined || force ? undefined : `there is no other in its place: ${unordered}`;
    const fault =
      wrong ??
      (await desk.revoke(pair, reason).then(
        () => undefined,
        (refused: Error) => refused.message,
      ));
    one.revocation = { serial, atMs: Date.now(), ...(fault !== undefined && { fault }) };
    const text = revokedText(one, one.revocation);
    if (fault === undefined) this.#means.log().notice(text);
    else this.#means.log().error(text);
    return one.revocation;
  }

  /** @throws {Error} */
  #revocable(which: string): Issued {
    const [one, other] = this.#meant(which);
    if (!one || other)
      throw new Error(`"${which}" means several certificates: name one as moat acme status does`);
    if (one.isStandIn) throw new Error(`${one.certificate.id}: nothing was issued yet`);
    if (one.pair.uri !== one.desk.issuer.uri)
      throw new Error(`${one.certificate.id}: another authority has issued what is shown`);
    return one;
  }

  /** @throws {Error} when it cannot be revoked, as revoke() says it */
  refuseUnrevocable(which: string): void {
    this.#revocable(which);
  }

  /** One as it is shown; undefined: there is none of this id. */
  find(id: string): Issued | undefined {
    return this.#all.get(id);
  }

  /** Files have come out of a backup: of each certificate the younger one is shown, and kept. */
  async reread(): Promise<void> {
    for (const desk of this.#desks.values()) desk[Symbol.dispose]();
    for (const one of this.#all.values()) if (rereadIssued(one, this.#means.log())) await this.#show([one]);
    this.#wake();
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
