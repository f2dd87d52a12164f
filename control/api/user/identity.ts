/** Who is let in, and by what: users, sessions, second factors. In control, so that the process that strangers talk to has no hash. */
import type { Log } from '#kit/log.ts';
import type { OidcModel } from '#model/api.ts';
import type { ProcessModel } from '#model/main.ts';
import { type AuditLog, entryOf } from '../audit.ts';
import type { Asker, Told } from '../desk/questions.ts';
import { etagOf, holdAgainst } from '../etag.ts';
import { networkOf } from '../http/throttle.ts';
import { ProviderLogins } from '../oidc/logins.ts';
import { notThere, Refusal, type RefusalData, refuse } from '../refusal.ts';
import type { ShownToken, TokenOrder } from '../token/store.ts';
import { Guard, wrong } from './guard.ts';
import { hashPassword, refuseWeak } from './password.ts';
import type { Entry, IdentityQuestion, IdentityQuestions, UserChange } from './questions.ts';
import {
  isAlive,
  isByProvider,
  isFresh,
  makeSession,
  nameOfProvider,
  type SessionRecord,
} from './session.ts';
import { type SessionStore, shownSession } from './session-store.ts';
import { SetupLink } from './setup-link.ts';
import { type ShownUser, shownUser, type UserRecord, type UserStore } from './store.ts';
import { hashOfRecovery, newRecoveryCodes, newSecret, otpauth, stepOf } from './totp.ts';

const MOST_ENROLLING = 64;

export interface Rooms {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly log: () => Log;
  /** Sessions are others now: whoever believes them is told before anybody is answered. */
  readonly push: () => void;
  readonly tokens: {
    list(): readonly ShownToken[];
    /** Writes it into the audit log, too. @throws {Error} with the reason */
    order(order: TokenOrder, asker: Asker): Promise<{ readonly token?: string; readonly record: ShownToken }>;
  };
}

type In<K extends IdentityQuestion> = IdentityQuestions[K]['input'];
type Answering = {
  readonly [K in IdentityQuestion]: (input: In<K>, asker: Asker) => Promise<IdentityQuestions[K]['output']>;
};

export class Identity {
  readonly #rooms: Rooms;
  readonly #guard: Guard;
  readonly #link = new SetupLink();
  readonly #provider: ProviderLogins;
  /** Secrets that wait for their first code, by user. */
  readonly #enrolling = new Map<string, string>();
  audit: AuditLog;

  constructor(rooms: Rooms, audit: AuditLog) {
    this.#rooms = rooms;
    this.audit = audit;
    this.#guard = new Guard(
      () => performance.now(),
      message => rooms.log().notice(`api: ${message}`),
    );
    this.#provider = new ProviderLogins(rooms.log);
    rooms.sessions.end(isByProvider); // what the provider was then is not known
  }

  /** Who came by another provider, or by roles that it no longer gives, logs in again. */
  useProvider(provider: OidcModel | undefined, user: ProcessModel['user']): void {
    if (this.#provider.use(provider, user)) this.#end(isByProvider);
  }

  close(): void {
    this.#provider.close();
  }

  get sessions(): readonly SessionRecord[] {
    return this.#rooms.sessions.alive(Date.now());
  }

  /** What is worth most is for an admin alone who has just given his password; undefined: he has. */
  refusalOfStale({ session }: Asker): RefusalData | undefined {
    const found = this.sessions.find(({ id }) => id === session);
    if (found?.role === 'admin' && isFresh(found, Date.now())) return undefined;
    return refuse(403, 'log-in-again', 'say your password again: POST /api/v1/login/again').data;
  }

  /** Others are users now: all log in again. */
  reload(): void {
    this.#rooms.users.reload();
    this.#end(() => true);
  }

  get needsSetup(): boolean {
    return this.#rooms.users.isEmpty;
  }

  seen(times: ReadonlyMap<string, number>): void {
    this.#rooms.sessions.seen(times, Date.now());
  }

  /** @returns the secret of a new link @throws {Refusal} when there are users */
  invite(): string {
    this.#refuseSetUp();
    return this.#link.make(Date.now());
  }

  /** Never throws: a refusal is an answer. */
  async answer(what: IdentityQuestion, input: unknown, asker: Asker): Promise<Told> {
    try {
      return { value: await this.ask(what, input as never, asker) };
    } catch (fault) {
      if (fault instanceof Refusal) return { refused: fault.data };
      this.#rooms.log().error(`api: ${what}: ${(fault as Error).message}`);
      return { refused: refuse(503, 'not-kept', `it cannot be kept: ${(fault as Error).message}`).data };
    }
  }

  /** @throws {Refusal} */
  ask<K extends IdentityQuestion>(what: K, input: In<K>, asker: Asker) {
    return this.#answers[what](input, asker);
  }

  readonly #answers: Answering = {
    'needs-setup': async () => this.needsSetup,
    setup: (input, asker) => this.#setUp(input, asker),
    login: (input, asker) => this.#login(input, asker),
    'login-ways': async () => ({ oidc: this.#provider.label }),
    'oidc-begin': (input, asker) => this.#provider.begin(input, asker),
    'oidc-finish': (input, asker) => this.#enterByProvider(input, asker),
    logout: input => this.#logout(input),
    'log-in-again': (input, asker) => this.#logInAgain(input, asker),
    'own-password': (input, asker) => this.#ownPassword(input, asker),
    'totp-enrol': async ({ session }) => this.#enrol(session),
    'totp-confirm': async (input, asker) => this.#confirm(input, asker),
    'totp-disable': async ({ session }, asker) => this.#disableTotp(session, asker),
    users: async () => this.#rooms.users.records.map(shownUser),
    'user-add': (input, asker) => this.#add(input, asker),
    'user-change': (input, asker) => this.#change(input, asker),
    'user-remove': async ({ name }, asker) => this.#remove(name, asker),
    sessions: async ({ user }) =>
      this.sessions.filter(one => user === undefined || one.user === user).map(shownSession),
    'session-end': async ({ id, user }, asker) => this.#endOne(id, user, asker),
    tokens: async () => this.#rooms.tokens.list(),
    'token-create': (input, asker) => this.#createToken(input, asker),
    'token-revoke': (input, asker) => this.#revokeToken(input, asker),
  };

  async #setUp({ link, name, password }: In<'setup'>, asker: Asker): Promise<Entry> {
    this.#refuseSetUp();
    refuseWeak(password);
    const hash = await this.#guard.pass('set-up', undefined, asker.from ?? '', async () => {
      if (!this.#link.isGood(link, Date.now()))
        throw wrong('bad-link', 'the link is not good, or no more: moat user link prints another');
      return hashPassword(password);
    });
    this.#refuseSetUp(); // two may have had it
    if (!this.#link.isGood(link, Date.now())) throw wrong('bad-link', 'the link is not good any more');
    const user = this.#audited('user-add', `user ${name}`, asker, { name, role: 'admin' }, undefined, () =>
      this.#rooms.users.add(name, 'admin', hash, Date.now()),
    );
    this.#link.spend();
    return this.#enter(user, asker);
  }

  #refuseSetUp(): void {
    const { users } = this.#rooms;
    if (users.fault !== undefined) throw refuse(503, 'users', `the users cannot be read: ${users.fault}`);
    if (!users.isEmpty) throw refuse(409, 'set-up', 'there are users already');
  }

  async #login({ name, password, code, former }: In<'login'>, asker: Asker): Promise<Entry> {
    const user = await this.#prove(name, password, code, asker);
    this.#audited('login', `user ${name}`, asker, {}, undefined, () => user);
    if (former !== undefined) this.#end(one => one.id === former, false);
    return this.#enter(user, asker);
  }

  /** He is out, whatever the provider has to say. */
  async #logout({ session, origin }: In<'logout'>): Promise<IdentityQuestions['logout']['output']> {
    const leaving = this.#provider.leave(session, origin);
    this.#end(one => one.id === session);
    return { url: await leaving };
  }

  /** Somebody without a role is no stranger, and stands in the audit log. */
  async #enterByProvider({ former, ...brought }: In<'oidc-finish'>, asker: Asker): Promise<Entry> {
    const arrival = await this.#provider.finish(brought, asker);
    const { role, name, subject, provenMs = 0 } = arrival;
    const user = nameOfProvider(name);
    const what = role ? 'login' : 'login-refused';
    this.#audited(what, `user ${user}`, asker, { subject, role: role ?? null }, undefined, () => undefined);
    if (!role) throw refuse(403, 'no-role', `the provider says nothing of ${name} that gives a role here`);
    if (former !== undefined) this.#end(one => one.id === former, false);
    const entry = this.#enter({ name: user, role }, asker, Math.min(provenMs, Date.now()));
    this.#provider.keep(entry.session.id, arrival);
    return entry;
  }

  /** @throws {Refusal} 401, 429, 503 */
  #prove(name: string, password: string, code: string | undefined, asker: Asker): Promise<UserRecord> {
    const { users } = this.#rooms;
    const from = asker.from ?? '';
    return this.#guard.pass(name, users.find(name), from, async () => {
      await Guard.check(users.find(name), password);
      const user = users.need(name); // it may have changed while the hash was made
      this.#refuseCode(user, code);
      users.know(name, networkOf(from));
      return users.need(name);
    });
  }

  /** A code is spent when it is taken. @throws {Refusal} 401 */
  #refuseCode(user: UserRecord, code: string | undefined): void {
    const { totp, name, recovery } = user;
    if (!totp) return;
    if (code === undefined) throw wrong('code-needed', 'say a code of the authenticator, too');
    const step = stepOf(code, totp.secret, totp.lastStep, Date.now());
    if (step !== undefined) return void this.#rooms.users.change(name, { totp: { ...totp, lastStep: step } });
    const hash = hashOfRecovery(code);
    if (!recovery.includes(hash)) throw wrong('bad-code', 'the code is wrong, or was taken before');
    this.#rooms.users.change(name, { recovery: recovery.filter(one => one !== hash) });
    this.#rooms.log().notice(`api: user ${name} logs in by a recovery code; ${recovery.length - 1} are left`);
  }

  async #logInAgain({ session, password, code }: In<'log-in-again'>, asker: Asker) {
    const { user } = this.#needLocal(session);
    await this.#prove(user, password, code, asker);
    const now = this.#rooms.sessions.change(session, { authenticatedMs: Date.now() });
    if (!now) throw wrong('no-session', 'the session has ended');
    this.#rooms.push();
    return now;
  }

  async #ownPassword({ session, old, password }: In<'own-password'>, asker: Asker): Promise<Entry> {
    const { user: name } = this.#needLocal(session);
    refuseWeak(password);
    const { users } = this.#rooms;
    const hash = await this.#guard.pass(name, users.find(name), asker.from ?? '', async () => {
      await Guard.check(users.find(name), old);
      return hashPassword(password);
    });
    this.#needSession(session);
    const user = this.#audited('own-password', `user ${name}`, asker, {}, undefined, () =>
      users.change(name, { password: hash }),
    );
    return this.#renew(user, asker);
  }

  #enrol(session: string): IdentityQuestions['totp-enrol']['output'] {
    const { user } = this.#needLocal(session);
    if (this.#rooms.users.need(user).totp)
      throw refuse(409, 'there-already', 'there is a second factor already: disable it first');
    const secret = newSecret();
    this.#enrolling.delete(user);
    this.#enrolling.set(user, secret);
    if (this.#enrolling.size > MOST_ENROLLING) this.#enrolling.delete(this.#enrolling.keys().next().value!);
    return { secret, uri: otpauth(secret, user) };
  }

  #confirm({ session, code }: In<'totp-confirm'>, asker: Asker) {
    const { user: name } = this.#needLocal(session);
    const secret = this.#enrolling.get(name);
    if (secret === undefined) throw refuse(409, 'not-enrolling', 'ask for a secret first');
    const step = stepOf(code, secret, 0, Date.now());
    if (step === undefined) throw refuse(422, 'bad-code', 'the code is wrong: is the clock right?');
    const recoveryCodes = newRecoveryCodes();
    const recovery = recoveryCodes.map(hashOfRecovery);
    const user = this.#audited('totp-enable', `user ${name}`, asker, {}, undefined, () =>
      this.#rooms.users.change(name, { totp: { secret, lastStep: step }, recovery }),
    );
    this.#enrolling.delete(name);
    return { entry: this.#renew(user, asker), recoveryCodes };
  }

  #disableTotp(session: string, asker: Asker): Entry {
    const { user: name } = this.#needLocal(session);
    const user = this.#audited('totp-disable', `user ${name}`, asker, {}, undefined, () =>
      this.#rooms.users.change(name, { totp: undefined, recovery: [] }),
    );
    return this.#renew(user, asker);
  }

  async #createToken(wish: In<'token-create'>, asker: Asker) {
    const { tokens } = this.#rooms;
    holdAgainst(asker.ifMatch, etagOf(tokens.list()));
    const { token = '', record } = await tokens
      .order({ kind: 'create', ...wish }, asker)
      .catch((fault: Error) => Promise.reject(refuse(409, 'refused', fault.message)));
    return { token, record };
  }

  async #revokeToken({ id }: In<'token-revoke'>, asker: Asker): Promise<undefined> {
    const found = this.#rooms.tokens.list().find(one => one.id === id);
    if (!found) throw notThere(`there is no token "${id}"`);
    holdAgainst(asker.ifMatch, etagOf(found));
    await this.#rooms.tokens.order({ kind: 'revoke', token: id }, asker);
  }

  async #add({ name, role, password }: In<'user-add'>, asker: Asker): Promise<ShownUser> {
    holdAgainst(asker.ifMatch, etagOf(this.#rooms.users.records.map(shownUser)));
    const hash = await hashPassword(password);
    return shownUser(
      this.#audited('user-add', asker.who, asker, { name, role }, undefined, () =>
        this.#rooms.users.add(name, role, hash, Date.now()),
      ),
    );
  }

  async #change({ name, ...change }: In<'user-change'>, asker: Asker): Promise<ShownUser> {
    const before = this.#rooms.users.need(name);
    holdAgainst(asker.ifMatch, etagOf(shownUser(before)));
    const password = change.password === undefined ? undefined : await hashPassword(change.password);
    const wish = { name, ...change, ...(password !== undefined && { password: 'another' }) };
    const after = this.#audited('user-change', asker.who, asker, wish, shownUser(before), () =>
      this.#rooms.users.change(name, changeOf(change, password)),
    );
    this.#end(({ user }) => user === name); // what they may do has changed: all log in again
    return shownUser(after);
  }

  #remove(name: string, asker: Asker): undefined {
    const before = shownUser(this.#rooms.users.need(name));
    holdAgainst(asker.ifMatch, etagOf(before));
    this.#audited('user-remove', asker.who, asker, { name }, before, () => {
      this.#rooms.users.remove(name);
      return undefined;
    });
    this.#end(({ user }) => user === name);
  }

  #endOne(id: string, user: string | undefined, asker: Asker): undefined {
    const session = this.sessions.find(one => one.id === id && (user === undefined || one.user === user));
    if (!session) throw notThere('there is no such session');
    this.#audited('session-end', asker.who, asker, { id, user: session.user }, undefined, () => undefined);
    this.#end(one => one.id === id);
  }

  /** All his sessions end, and he gets another: what somebody else may have had of him is worth nothing. */
  #renew(user: UserRecord, asker: Asker): Entry {
    this.#end(one => one.user === user.name, false);
    return this.#enter(user, asker);
  }

  /** @param provenMs when he said a password, if that was not now */
  #enter(
    { name, role }: Pick<UserRecord, 'name' | 'role'>,
    { from = '', agent = '' }: Asker,
    provenMs?: number,
  ): Entry {
    const nowMs = Date.now();
    const { cookie, record: made } = makeSession({ user: name, role, from, agent }, nowMs);
    const record = { ...made, authenticatedMs: provenMs ?? nowMs };
    this.#rooms.sessions.add(record, nowMs);
    this.#rooms.push();
    return { cookie, session: record };
  }

  #end(doomed: (session: SessionRecord) => boolean, push = true): undefined {
    for (const { id } of this.#rooms.sessions.end(doomed)) this.#provider.forget(id);
    if (push) this.#rooms.push();
  }

  /** Of somebody who has a password here. @throws {Refusal} 401, 409 */
  #needLocal(id: string): SessionRecord {
    const session = this.#needSession(id);
    if (!isByProvider(session)) return session;
    throw refuse(409, 'by-provider', 'the provider has the password: POST /api/v1/login/oidc with again');
  }

  #needSession(id: string): SessionRecord {
    const found = this.#rooms.sessions.records.find(one => one.id === id);
    if (!found || !isAlive(found, Date.now())) throw wrong('no-session', 'the session has ended');
    return found;
  }

  /** Does it, and writes it down. @throws {Refusal} 503 when the log cannot be written: then nothing further is done */
  #audited<T extends UserRecord | undefined>(
    what: string,
    who: string,
    { from }: Asker,
    wish: object,
    before: ShownUser | undefined,
    act: () => T,
  ): T {
    const write = (work: () => void) => {
      try {
        work();
      } catch (fault) {
        this.#rooms.log().error(`api: the audit log cannot be written: ${(fault as Error).message}`);
        throw refuse(503, 'audit-log', 'the audit log cannot be written');
      }
    };
    write(() => this.audit.flush());
    const done = act();
    const after = done && what !== 'login' ? shownUser(done) : null;
    write(() => this.audit.write(entryOf({ who, from, what, wish, before: before ?? null, after })));
    this.#rooms.log().notice(`api: ${who}: ${what} ${JSON.stringify(wish)}`);
    return done;
  }
}

function changeOf({ role, disabled, resetTotp }: UserChange, password: string | undefined) {
  return {
    ...(role !== undefined && { role }),
    ...(disabled !== undefined && { isDisabled: disabled }),
    ...(password !== undefined && { password }),
    ...(resetTotp === true && { totp: undefined, recovery: [] }),
  };
}
