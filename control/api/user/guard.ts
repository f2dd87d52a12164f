/** Stands before the passwords: counts bad tries by address and by account, and hashes few at a time. */
import { Turns } from '#kit/turns.ts';
import { networkOf, Throttle } from '../http/throttle.ts';
import { busy, Refusal } from '../refusal.ts';
import { isPassword } from './password.ts';
import type { UserRecord } from './store.ts';

const MOST_WAITING = 8;
/** Bad tries of one address are told of so often in a minute. */
const MOST_TOLD = 3;

/** One at a time; so many wait. Who is known does not wait behind who is not. */
class Lane {
  readonly #turns = new Turns();
  #waiting = 0;

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MOST_WAITING) throw busy('many log in: try again', 2);
    this.#waiting++;
    try {
      return await this.#turns.take(work);
    } finally {
      this.#waiting--;
    }
  }
}

export class Guard {
  readonly #strangers = new Lane();
  readonly #known = new Lane();
  readonly #addresses: Throttle;
  readonly #accounts: Throttle;
  /** By account and network, where somebody has logged in before: whatever strangers try, he may. */
  readonly #ownPlaces: Throttle;
  readonly #tell: (message: string) => void;

  /** @param now ms of a clock that does not go back */
  constructor(now: () => number, tell: (message: string) => void) {
    this.#addresses = new Throttle(now);
    this.#accounts = new Throttle(now);
    this.#ownPlaces = new Throttle(now);
    this.#tell = tell;
  }

  /**
   * Does what needs a right password or code. A try counts as a bad one until it has turned out to be good, so that many at once are
   * not more than many.
   *
   * @param account as it was said, whether there is one or not
   * @throws {Refusal} 429, 503, or what `work` throws
   */
  async pass<T>(
    account: string,
    user: UserRecord | undefined,
    from: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const network = networkOf(from);
    const isKnown = user?.networks.includes(network) === true;
    const counts = isKnown
      ? [{ throttle: this.#ownPlaces, key: `${account} ${network}` }]
      : [
          { throttle: this.#addresses, key: from },
          { throttle: this.#accounts, key: `account ${account}` },
        ];
    for (const { throttle, key } of counts) refuseMany(throttle.waitS(key));
    const tries = counts.map(({ throttle, key }) => throttle.bad(key));
    try {
      const done = await (isKnown ? this.#known : this.#strangers).take(work);
      for (const { throttle, key } of counts) throttle.good(key);
      return done;
    } catch (fault) {
      const isBad = fault instanceof Refusal && fault.data.status === 401;
      if (!isBad) for (const { throttle, key } of counts) throttle.good(key);
      else if (tries[0]! <= MOST_TOLD) this.#tell(`a login from ${from} was refused`);
      throw fault;
    }
  }

  /** @throws {Refusal} 401, the same for who is not there, is disabled, or says a wrong password */
  static async check(user: UserRecord | undefined, password: string): Promise<UserRecord> {
    const isRight = await isPassword(password, user?.password);
    if (user && isRight && !user.isDisabled) return user;
    throw wrong('bad-login', 'the name or the password is wrong');
  }
}

/** @throws {Refusal} 429 */
export function refuseMany(waitS: number | undefined): void {
  if (waitS === undefined) return;
  throw new Refusal({
    ...{ status: 429, code: 'too-many-logins', detail: `too many bad logins: wait ${waitS} s` },
    headers: { 'Retry-After': `${waitS}` },
  });
}

export const wrong = (code: string, detail: string): Refusal =>
  new Refusal({ status: 401, code, detail, headers: { 'WWW-Authenticate': 'Bearer realm="moat"' } });
