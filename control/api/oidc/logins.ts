/** Logins by a provider, from the button to a person with a role: few at a time, counted by address, each good once. */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '#kit/log.ts';
import { within } from '#kit/within.ts';
import type { OidcModel } from '#model/api.ts';
import type { ProcessModel } from '#model/main.ts';
import type { Asker } from '../desk/questions.ts';
import { networkOf, Throttle } from '../http/throttle.ts';
import { notThere, Refusal, refuse } from '../refusal.ts';
import type { Role } from '../token/token.ts';
import { refuseMany, wrong } from '../user/guard.ts';
import type { IdentityQuestions } from '../user/questions.ts';
import { OidcAgent } from './agent.ts';
import { roleOf } from './claims.ts';
import { PendingLogins } from './pending.ts';
import type { Arrival, Failure } from './questions.ts';

/** Bad tries of one address are told of so often in a minute. */
const MOST_TOLD = 3;
/** That the provider is away is told so often. */
const TELL_AWAY_MS = 10_000;
/** Who leaves has left; how long he waits to hear where to go on. */
const LEAVE_MS = 3000;
/** As many as there are sessions. */
const MOST_KEPT = 512;

/** Somebody whom the provider vouches for. */
export interface Proven extends Arrival {
  /** Undefined: nothing that it says of him gives a role here. */
  readonly role: Role | undefined;
}

type In<K extends 'oidc-begin' | 'oidc-finish'> = IdentityQuestions[K]['input'];

export class ProviderLogins {
  readonly #log: () => Log;
  readonly #agent = new OidcAgent();
  readonly #pending = new PendingLogins();
  /** Those that were begun and have come to no good end. */
  readonly #throttle = new Throttle(() => performance.now());
  /** Those that the log has a line of. */
  readonly #told = new Throttle(() => performance.now());
  /** ID tokens by session, in memory alone: sessions that came by a provider end with the program. */
  readonly #idTokens = new Map<string, string | undefined>();
  #provider: OidcModel | undefined;
  #user: ProcessModel['user'];
  #toldAwayMs = Number.NEGATIVE_INFINITY;

  constructor(log: () => Log) {
    this.#log = log;
  }

  /** On the button; undefined: there is no provider. */
  get label(): string | undefined {
    return this.#provider?.label;
  }

  /** @returns whether it is another one, or gives other roles: what was begun is forgotten then */
  use(provider: OidcModel | undefined, user: ProcessModel['user']): boolean {
    this.#user = user;
    if (isDeepStrictEqual(provider, this.#provider)) return false;
    this.#provider = provider;
    this.#pending.clear();
    this.#idTokens.clear();
    return true;
  }

  /** @throws {Refusal} 404, 429, 503 */
  async begin({ origin, again = false }: In<'oidc-begin'>, { from = '' }: Asker) {
    const provider = this.#need();
    refuseMany(this.#throttle.waitS(from));
    this.#throttle.bad(from);
    const wish = { redirectUri: `${origin}/login/oidc`, again };
    const { login, ticket } = this.#pending.begin(networkOf(from), wish, Date.now());
    const demand = { kind: 'begin', provider, user: this.#user, login } as const;
    const { url } = this.#good(await this.#agent.ask(demand), from);
    return { url, ticket };
  }

  /** @throws {Refusal} 401, 404, 429, 503 */
  async finish({ ticket = '', state, code, iss, error }: In<'oidc-finish'>, asker: Asker): Promise<Proven> {
    const { from = '' } = asker;
    const provider = this.#need();
    const login = this.#pending.take(state, ticket, Date.now());
    if (!login) {
      refuseMany(this.#throttle.waitS(from));
      this.#throttle.bad(from);
      throw this.#refused(from, 'no-login', 'this browser has not begun this login, or long ago: begin anew');
    }
    if (code === undefined || error !== undefined)
      throw this.#refused(
        from,
        'provider-refused',
        `the provider has refused: ${error ?? 'it gives no code'}`,
      );
    const demand = { kind: 'finish', provider, user: this.#user, login, brought: { code, iss } } as const;
    const person = this.#good(await this.#agent.ask(demand), from);
    if (this.#provider !== provider)
      throw wrong('no-login', 'the provider is another one by now: begin anew');
    const role = roleOf(person.values, provider.roles);
    if (role) this.#throttle.good(from);
    return { ...person, role };
  }

  /** The session of somebody who has come by the provider. */
  keep(session: string, { idToken }: Arrival): void {
    this.#idTokens.set(session, idToken);
    if (this.#idTokens.size > MOST_KEPT) this.#idTokens.delete(this.#idTokens.keys().next().value!);
  }

  forget(session: string): void {
    this.#idTokens.delete(session);
  }

  /** @returns where he ends his session at the provider, too; undefined: there is no such place, or the provider is away @throws nothing */
  async leave(session: string, origin: string): Promise<string | undefined> {
    const provider = this.#provider;
    if (!provider || !this.#idTokens.has(session)) return undefined;
    const leave = { idToken: this.#idTokens.get(session), back: `${origin}/` };
    this.forget(session);
    const demand = { kind: 'leave', provider, user: this.#user, leave } as const;
    const answer = await within(LEAVE_MS, this.#agent.ask(demand)).catch((fault: Error) => fault);
    if (answer === undefined) this.#tellAway('it does not say in time where one logs out');
    else if (answer instanceof Error) this.#tellAway(answer.message);
    else if ('failed' in answer) this.#tellAway(answer.why);
    else return answer.url;
    return undefined;
  }

  close(): void {
    this.#agent.close();
  }

  #need(): OidcModel {
    if (!this.#provider) throw notThere('there is no oidc block in force');
    return this.#provider;
  }

  #refused(from: string, code: string, detail: string): Refusal {
    this.#tell(from, detail);
    return wrong(code, detail);
  }

  #tell(from: string, why: string): void {
    if (this.#told.bad(from) <= MOST_TOLD)
      this.#log().notice(`api: a login by OpenID Connect from ${from} was refused: ${why}`);
  }

  #tellAway(why: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAwayMs < TELL_AWAY_MS) return;
    this.#toldAwayMs = nowMs;
    this.#log().error(`api: the OpenID Connect provider does not answer as it should: ${why}`);
  }

  /** The client is told no more than that; why is in the log. @throws {Refusal} */
  #good<T extends object>(answer: T | Failure, from: string): T {
    if (!('failed' in answer)) return answer;
    const { failed, why } = answer;
    if (failed === 'refused') {
      this.#tell(from, why);
      throw wrong('bad-answer', 'what the provider says is not good: the error log has the reason');
    }
    this.#tellAway(why);
    throw new Refusal({
      ...refuse(503, 'provider-away', 'the provider does not answer: log in by a password of this machine')
        .data,
      headers: { 'Retry-After': '5' },
    });
  }
}
