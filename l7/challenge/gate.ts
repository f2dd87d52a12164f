/** The challenge of one location: who is let in, and what the others are shown. */
import type { ChallengeSettings } from '#model/l7/challenge.ts';
import type { Exchange } from '../exchange.ts';
import { DONE, NEXT, type Verdict, WAIT } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { cookieOf } from '../variable/header.ts';
import type { Text } from '../variable/space.ts';
import { findingTeller, type TellFinding } from '../waf/finding.ts';
import { BotRegister } from './bots.ts';
import { answerCookie, pageResponse, pageText } from './page.ts';
import { type Bearer, isSolved, Signer, TASK_LIFETIME_MS } from './token.ts';

const OFF = new Set(['', '0', 'off']);
const REFUSED = 403;

export class ChallengeGate {
  readonly #settings: ChallengeSettings;
  readonly #when: Text;
  readonly #signer: Signer;
  readonly #bots: BotRegister | undefined;
  readonly #tell: TellFinding;

  constructor(compiler: Compiler) {
    const { location, tables, text } = compiler;
    this.#tell = findingTeller(compiler);
    const { challenge, core } = location.settings;
    this.#settings = challenge;
    this.#when = text(challenge.when);
    this.#signer = new Signer(challenge.secret ?? tables.pools.secret);
    if (challenge.bots.length > 0) this.#bots = new BotRegister(challenge.bots, core.resolver);
  }

  judge(exchange: Exchange): Verdict {
    if (!this.#isOn(exchange) || this.#isExempt(exchange.path)) return NEXT;
    const bearer = bearerOf(exchange);
    const cookies = exchange.head.headers.joined('cookie', ';') ?? '';
    if (this.#hasPass(exchange, bearer, cookies)) return this.#letIn(exchange, 'PASSED');
    const done = this.#hasWorked(exchange, bearer, cookies);
    if (done) {
      exchange.cookiesDue = this.#passCookies(exchange, bearer);
      return this.#letIn(exchange, done);
    }
    const known = this.#bots?.isKnown(bearer.agent, exchange.remoteAddress) ?? false;
    if (typeof known === 'boolean')
      return known ? this.#letIn(exchange, 'BOT') : this.#refuse(exchange, bearer, cookies);
    exchange.delayed = true;
    void known.then(isBot => {
      exchange.delayed = false;
      if (exchange.closed) return;
      exchange.resume(isBot ? this.#letIn(exchange, 'BOT') : this.#refuse(exchange, bearer, cookies));
    });
    return WAIT;
  }

  #isOn(exchange: Exchange): boolean {
    if (!OFF.has(this.#when(exchange))) return true;
    const { inFlight } = this.#settings;
    return inFlight !== undefined && exchange.tables.traffic.states().writing > inFlight;
  }

  #isExempt(path: string): boolean {
    return this.#settings.exempt.some(prefix => path.startsWith(prefix));
  }

  #letIn(exchange: Exchange, status: string): Verdict {
    exchange.challengeStatus = status;
    return NEXT;
  }

  #hasPass(exchange: Exchange, bearer: Bearer, cookies: string): boolean {
    const token = cookieOf(cookies, this.#settings.cookie);
    const untilMs = token && this.#signer.read('pass', token, bearer);
    return typeof untilMs === 'number' && untilMs > exchange.clock.wallMs();
  }

  /** @returns what was done for it */
  #hasWorked(exchange: Exchange, bearer: Bearer, cookies: string): 'SOLVED' | 'WAITED' | undefined {
    const { cookie, bits, waitMs } = this.#settings;
    const [task = '', answer = ''] = cookieOf(cookies, answerCookie(cookie))?.split('~') ?? [];
    if (this.#ageMs(task, exchange, bearer) !== undefined && isSolved(task, answer, bits)) return 'SOLVED';
    const ageMs = this.#ageMs(cookieOf(cookies, cookie) ?? '', exchange, bearer);
    return ageMs !== undefined && waitMs !== undefined && ageMs >= waitMs ? 'WAITED' : undefined;
  }

  /** Of a task; undefined: it is none, or too old. */
  #ageMs(token: string, exchange: Exchange, bearer: Bearer): number | undefined {
    const madeMs = token === '' ? undefined : this.#signer.read('task', token, bearer);
    if (madeMs === undefined) return undefined;
    const ageMs = exchange.clock.wallMs() - madeMs;
    return ageMs >= 0 && ageMs <= TASK_LIFETIME_MS ? ageMs : undefined;
  }

  #passCookies(exchange: Exchange, bearer: Bearer): readonly string[] {
    const { cookie, lifetimeMs } = this.#settings;
    const untilMs = Math.floor(exchange.clock.wallMs()) + lifetimeMs;
    const rest = `; Path=/; HttpOnly; SameSite=Lax${secureOf(exchange)}`;
    const pass = this.#signer.sign('pass', untilMs, bearer);
    return [
      `${cookie}=${pass}; Max-Age=${Math.ceil(lifetimeMs / 1000)}${rest}`,
      `${answerCookie(cookie)}=; Max-Age=0; Path=/`,
    ];
  }

  #refuse(exchange: Exchange, bearer: Bearer, cookies: string): Verdict {
    const { strict, bits, waitMs, cookie } = this.#settings;
    if (!isNavigation(exchange)) {
      if (!strict) return this.#letIn(exchange, 'SPARED');
      exchange.challengeStatus = 'REFUSED';
      this.#tell(exchange, {
        source: 'challenge',
        action: 'block',
        reason: 'it has no cookie of the challenge, and asks for no page that could be one',
      });
      return REFUSED;
    }
    exchange.challengeStatus = 'SHOWN';
    // Who waits already goes on waiting, whatever other pages are asked for meanwhile.
    const before = cookieOf(cookies, cookie) ?? '';
    const goesOn = this.#ageMs(before, exchange, bearer) !== undefined;
    const token = goesOn ? before : this.#signer.sign('task', Math.floor(exchange.clock.wallMs()), bearer);
    const { response, nonce } = pageResponse();
    const secure = secureOf(exchange) !== '';
    response.headers.append(
      'Set-Cookie',
      `${cookie}=${token}; Max-Age=${TASK_LIFETIME_MS / 1000}; Path=/; HttpOnly; SameSite=Lax${secureOf(exchange)}`,
    );
    exchange.answer(response, Buffer.from(pageText({ token, bits, waitMs, cookie, secure }, nonce)));
    return DONE;
  }
}

const secureOf = ({ connection }: Exchange): string => (connection.tls ? '; Secure' : '');

function bearerOf(exchange: Exchange): Bearer {
  return {
    address: exchange.remoteAddress,
    agent: exchange.head.headers.get('user-agent') ?? '',
    site: exchange.server.model.serverName,
  };
}

/** A browser on its way to a page that it will show: by what it says, and for old ones by what they accept. */
function isNavigation({ method, head: { headers } }: Exchange): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headers.get('sec-fetch-mode');
  return mode === undefined ? (headers.joined('accept') ?? '').includes('text/html') : mode === 'navigate';
}
