/** The API as control has it: sockets, tokens and the audit log are control's, strangers' bytes are read by a process without root. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { RestartPauses } from '#kit/restart-pauses.ts';
import { Turns } from '#kit/turns.ts';
import { within } from '#kit/within.ts';
import type { ApiListen, ApiModel } from '#model/api.ts';
import type { ProcessModel } from '#model/main.ts';
import { closeFd, listenTcp } from '#native/socket.ts';
import { baseEnvironment } from '../environment.ts';
import { systemReason } from '../load.ts';
import { MOAT_VERSION } from '../version.ts';
import { AuditLog, entryOf } from './audit.ts';
import { ApiChild, FIRST_FD } from './child.ts';
import { Desk, type Office } from './desk/desk.ts';
import type { Asker, ToControl, ToIdentity } from './desk/questions.ts';
import type { ApiNews, Believed } from './messages.ts';
import { type ShownToken, type TokenOrder, TokenStore } from './token/store.ts';
import { Identity } from './user/identity.ts';
import { obey, type UserOrder } from './user/order.ts';
import { SessionStore } from './user/session-store.ts';
import { linkOf } from './user/setup-link.ts';
import { UserStore } from './user/store.ts';

const BACKLOG = 128;
/** A process that died is started anew after a growing pause. */
const PAUSE_MS = { first: 200, most: 10_000 };
const LEAVE_PATIENCE_MS = 2000;
/** Of a busy machine. */
const START_PATIENCE_MS = 30_000;
/** A process that hangs believes what it believed: its next life does not. */
const TOKEN_PATIENCE_MS = 5000;

/** What a configuration needs that is not open yet. */
interface Prepared {
  readonly model: ApiModel;
  readonly user: ProcessModel['user'];
  readonly sockets: readonly Socket[];
  readonly opened: readonly Socket[];
  readonly tokens: TokenStore;
  readonly audit: AuditLog;
  readonly identity: Identity;
}

interface Socket extends ApiListen {
  readonly fd: number;
}

export class ApiPlane {
  readonly #office: Office;
  readonly #turns = new Turns();
  readonly #pauses = new RestartPauses(PAUSE_MS);
  #inForce: (Prepared & { readonly desk: Desk }) | undefined;
  #prepared: Prepared | undefined;
  #child: ApiChild | undefined;

  constructor(office: Office) {
    this.#office = office;
  }

  /** What it serves by; undefined: there is no API. */
  get inForce(): Pick<Prepared, 'model' | 'user'> | undefined {
    return this.#inForce;
  }

  /** Opens what is not open. @throws {Error} with the reason; then nothing has changed */
  prepare(model: ApiModel | undefined, user: ProcessModel['user']): void {
    if (!model) return;
    const opened: Socket[] = [];
    try {
      const have = this.#inForce?.sockets ?? [];
      const sockets = model.listens.map(listen => {
        const same = have.find(one => one.address === listen.address && one.port === listen.port);
        if (same) return same;
        const fd = open(listen);
        opened.push({ ...listen, fd });
        return { ...listen, fd };
      });
      const tokens = new TokenStore(`${model.statePath}/tokens.json`);
      if (tokens.fault !== undefined)
        this.#log.error(`api: no token is believed: they cannot be read: ${tokens.fault}`);
      const audit = new AuditLog(model.statePath, model.auditLimitBytes);
      const identity = this.#identityIn(model.statePath, audit);
      this.#prepared = { model, user, sockets, opened, tokens, audit, identity };
    } catch (fault) {
      for (const { fd } of opened) closeFd(fd);
      throw new Error(`api: ${(fault as Error).message}`, { cause: fault });
    }
  }

  /** Undoes a prepare() that nothing follows. */
  abandon(): void {
    for (const { fd } of this.#prepared?.opened ?? []) closeFd(fd);
    this.#prepared?.audit.close();
    this.#prepared = undefined;
  }

  /** Serves by what was prepared from now on; without it, there is no API any more. */
  commit(): Promise<void> {
    return this.#turns.take(async () => {
      const now = this.#prepared;
      this.#prepared = undefined;
      const before = this.#inForce;
      now?.identity.useProvider(now.model.oidc, now.user);
      const isSame = now && before && isDeepStrictEqual([now.model, now.user], [before.model, before.user]);
      if (isSame && this.#child && before.tokens.fault === undefined) {
        now.audit.close();
        return; // streams of clients go on
      }
      if (now) now.identity.audit = now.audit;
      const desk = now && new Desk(this.#office, now.audit, now.model.statePath);
      this.#inForce = now && desk && { ...now, desk };
      const replace = async () => {
        await this.#end();
        before?.desk.close();
        if (before?.identity !== now?.identity) before?.identity.close();
        for (const { fd } of before?.sockets ?? []) if (!now?.sockets.some(one => one.fd === fd)) closeFd(fd);
        if (now) void this.#begin(); // nothing else waits for it
      };
      // Who asked for this over the API is answered before his connection ends: he waits for us.
      if (this.#child?.isChanging) void this.#turns.take(replace);
      else await replace();
      if (now && now.model.statePath !== before?.model.statePath) this.#welcome();
    });
  }

  get #log() {
    return this.#office.applier.log;
  }

  /** What `moat token` is told. @throws {Error} without an api block */
  list(): ShownToken[] {
    return this.#need().tokens.list();
  }

  /** @throws {Error} with the reason; then nothing has changed */
  async order(
    order: TokenOrder,
    { who, from }: Pick<Asker, 'who' | 'from'> = { who: 'socket', from: undefined },
  ): Promise<{ readonly token?: string; readonly record: ShownToken }> {
    const { tokens, audit } = this.#need();
    audit.flush();
    const done =
      order.kind === 'create' ? tokens.create(order, Date.now()) : { record: tokens.revoke(order.token) };
    const { hash: _, ...record } = { hash: '', ...done.record };
    const change =
      order.kind === 'create' ? { before: null, after: record } : { before: record, after: null };
    audit.write(entryOf({ who, from, what: `token-${order.kind}`, wish: order, ...change }));
    await this.#push();
    return { ...done, record };
  }

  /** Users and tokens have come out of a backup. */
  async takeUpRestored(parts: ReadonlySet<string>): Promise<void> {
    if (!this.#inForce) return;
    const { tokens, identity } = this.#inForce;
    if (parts.has('tokens')) tokens.reload();
    if (parts.has('users')) identity.reload();
    await this.#push();
  }

  /** The process hears whom it is to believe. */
  async #push(): Promise<void> {
    const told = this.#child?.ask({ kind: 'believe', believed: this.#believed() }).catch(() => {}); // its next life is told
    if (told) await within(TOKEN_PATIENCE_MS, told);
  }

  #believed(): Believed {
    const { tokens, identity } = this.#need();
    return { tokens: tokens.records, sessions: identity.sessions };
  }

  /** Those who let people in, as long as their folder is the same: what they know of bad tries is kept over reloads. */
  #identityIn(folder: string, audit: AuditLog): Identity {
    if (this.#inForce?.model.statePath === folder) return this.#inForce.identity;
    const users = new UserStore(`${folder}/users.json`);
    if (users.fault !== undefined)
      this.#log.error(`api: nobody can log in: the users cannot be read: ${users.fault}`);
    const sessions = new SessionStore(`${folder}/sessions.json`, message =>
      this.#log.error(`api: ${message}`),
    );
    const push = () => void this.#push();
    const tokens = {
      list: () => this.list(),
      order: (order: TokenOrder, asker: Asker) => this.order(order, asker),
    };
    return new Identity({ users, sessions, tokens, log: () => this.#log, push }, audit);
  }

  #hear(news: ApiNews, identity: Identity): void {
    if (news.kind === 'seen') identity.seen(news.times);
    else this.#log[news.level](`api: ${news.message}`);
  }

  /** What `moat user` is told. @throws {Error} with the reason */
  async orderUser(order: UserOrder): Promise<unknown> {
    const { identity } = this.#need();
    return order.kind === 'link' ? this.invite() : obey(identity, order);
  }

  /** @returns the link by which the first admin gets in @throws {Error} when there are users */
  invite(): string {
    const { identity, model } = this.#need();
    return linkOf(model, identity.invite());
  }

  /** To who sits at the machine, and to no log. */
  #welcome(): void {
    if (!this.#inForce?.identity.needsSetup) return;
    if (process.stderr.isTTY)
      process.stderr.write(
        `moat: the console has no user yet. Within a day, open once:\n  ${this.invite()}\n`,
      );
    else this.#log.notice('api: the console has no user yet: moat user link prints a link for the first');
  }

  /** What was commanded on the control socket stands in the audit log, too; its failure is told, and hinders nobody there. */
  record(
    what: string,
    wish: unknown,
    outcome: { readonly done: unknown } | { readonly fault: string },
  ): void {
    if (!this.#inForce) return;
    const end = 'fault' in outcome ? { fault: outcome.fault } : { after: outcome.done };
    try {
      this.#inForce.audit.write(entryOf({ who: 'socket', what, wish, before: null, ...end }));
    } catch (fault) {
      this.#log.error(`api: the audit log cannot be written: ${(fault as Error).message}`);
    }
  }

  #need() {
    if (!this.#inForce) throw new Error('there is no api block in force');
    return this.#inForce;
  }

  /** Ends it with moat. */
  close(): Promise<void> {
    return this.#turns.take(async () => {
      const inForce = this.#inForce;
      this.#inForce = undefined;
      await this.#end();
      inForce?.desk.close();
      inForce?.identity.close();
      for (const { fd } of inForce?.sockets ?? []) closeFd(fd);
    });
  }

  async #start(): Promise<void> {
    const { model, user, sockets, identity, desk } = this.#need();
    const child: ApiChild = new ApiChild(
      baseEnvironment(),
      sockets.map(({ fd }) => fd),
      (question: ToControl | ToIdentity) => {
        if (question.kind === 'identity')
          return identity.answer(question.what, question.input, question.asker);
        const refused = isOwners(question) ? identity.refusalOfStale(question.asker) : undefined;
        return refused ? { refused } : desk.answer(question);
      },
      news => this.#hear(news, identity),
    );
    this.#child = child;
    void child.ended.then(how => this.#bury(child, how));
    const { statePath, auditLimitBytes: _, oidc: __, ...served } = model;
    const service = {
      model: served,
      firstFd: FIRST_FD,
      user,
      version: MOAT_VERSION,
      historyPath: `${statePath}/metrics.ring`,
      alertsPath: `${statePath}/alerts.json`,
    };
    try {
      const serving = child.ask({ kind: 'serve', service, believed: this.#believed() }).then(() => true);
      if (!(await within(START_PATIENCE_MS, serving))) throw new Error('it does not answer');
    } catch (fault) {
      if (this.#child === child) this.#child = undefined;
      child.kill();
      throw fault;
    }
  }

  /** Undefined while no process lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child)
      await within(
        LEAVE_PATIENCE_MS,
        child.ask({ kind: 'leave' }).catch(() => {}),
      ); // it may have died
    child?.disconnect();
    const killer = setTimeout(() => child?.kill(), LEAVE_PATIENCE_MS);
    await child?.ended;
    clearTimeout(killer);
  }

  async #bury(child: ApiChild, how: string): Promise<void> {
    if (this.#child !== child) return; // it was told to end
    this.#child = undefined;
    this.#log.error(`the API process ${child.pid} ${how}; traffic is not touched`);
    this.#pauses.died(performance.now() - child.startedAtMs);
    await sleep(this.#pauses.next(), undefined, { ref: false });
    await this.#begin('anew');
  }

  /** Starts a process, until one is there or none is wanted. */
  async #begin(how = ''): Promise<void> {
    for (;;) {
      await this.#turns.take(() => this.#tryStart(how));
      if (!this.#inForce || this.#child) return;
      await sleep(this.#pauses.next(), undefined, { ref: false });
    }
  }

  async #tryStart(how: string): Promise<void> {
    if (!this.#inForce || this.#child) return;
    try {
      await this.#start();
      this.#log.notice(`the API process is started ${how}`.trimEnd().concat(` as ${this.pid}`));
    } catch (fault) {
      this.#log.error(`the API process cannot start: ${(fault as Error).message}`);
    }
  }
}

/** What would be worth breaking into the process for, which strangers talk to: control looks at the session once more. */
const isOwners = (question: ToControl): question is Extract<ToControl, { kind: 'archive' | 'change' }> =>
  (question.kind === 'archive' && ['make', 'begin', 'preview'].includes(question.what)) ||
  (question.kind === 'change' && question.wish.kind === 'restore');

/** Alone: a port that anything else listens on, another block of the configuration too, is refused. */
function open({ address, port }: ApiListen): number {
  try {
    const family = address.includes(':') ? 6 : 4;
    return listenTcp({ host: address, port, family, backlog: BACKLOG });
  } catch (fault) {
    throw new Error(`cannot listen on ${address} port ${port} ${systemReason(fault)}`, { cause: fault });
  }
}
