/** The way of a request through a server: its location, the rewrites, and the phases one after the other. */
import { locationUrl } from './content/redirect.ts';
import type { RequestBody } from './downstream/request-body.ts';
import type { Exchange } from './exchange.ts';
import { RELOCATE } from './phase/program.ts';
import { runRewrite } from './phase/rewrite.ts';
import { DONE, NEXT, type Verdict, WAIT } from './phase/verdict.ts';
import type { LocationTable } from './tables.ts';
import { escapePath } from './wire/h1/uri.ts';

/** nginx's bound on rewrites and internal redirects of one request. */
const MOST_REDIRECTS = 10;

export class Walk {
  readonly #exchange: Exchange;
  /** Which of the location's is next. */
  #phase = 0;
  #redirects = MOST_REDIRECTS + 1;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Starts the way through the phases: server level first, then the location's. */
  start(): void {
    const exchange = this.#exchange;
    try {
      for (const phase of exchange.server.phases) {
        const verdict = phase(exchange);
        if (verdict > 0) return exchange.finish(verdict);
        if (verdict === DONE) return;
      }
      this.#rewriteServer();
    } catch (error) {
      this.#crash(error);
    }
  }

  #rewriteServer(): void {
    const exchange = this.#exchange;
    const rewrite = exchange.server.root.rewrite;
    if (rewrite) {
      const verdict = runRewrite(exchange, rewrite);
      if (verdict !== NEXT && verdict !== RELOCATE) return this.#settle(verdict);
    }
    this.#locate();
  }

  /** Finds the location, runs its rewrites, and again while they change the path. */
  #locate(): void {
    const exchange = this.#exchange;
    for (;;) {
      const found = exchange.server.locations.find(exchange);
      exchange.location = found ?? exchange.server.root;
      const refused = this.#enter();
      if (refused !== NEXT) return this.#settle(refused);
      const { rewrite } = exchange.location;
      // The server's own program has run before.
      if (!found || !rewrite) break;
      const verdict = runRewrite(exchange, rewrite);
      if (verdict === RELOCATE) {
        if (!this.#mayRedirect('processing', exchange.path)) return;
        continue;
      }
      if (verdict !== NEXT) return this.#settle(verdict);
      break;
    }
    this.#phase = 0;
    this.#run();
  }

  /** Counts a change of the path; one too many ends the request with 500. */
  #mayRedirect(doing: string, target: string): boolean {
    const exchange = this.#exchange;
    if (--this.#redirects > 0) return true;
    exchange.log('error', `rewrite or internal redirection cycle while ${doing} "${target}"`);
    exchange.finish(500);
    return false;
  }

  /** False when the request went round in a circle: then no error page is looked for. */
  get mayGoOn(): boolean {
    return this.#redirects > 0;
  }

  /** What holds on entering a location: internal ones, methods, size of the body. */
  #enter(): Verdict {
    const exchange = this.#exchange;
    const { location } = exchange;
    if (location.internal && !exchange.internal) return 404;
    if (exchange.head.opensTunnel && !exchange.internal && !location.acceptsTunnels) return 405;
    this.#heedMethod(location);
    const most = exchange.location.core.clientMaxBodyBytes;
    if (exchange.body && !exchange.body.discarded && most > 0 && bodyBytesOf(exchange.body) > most) {
      exchange.log('error', `client intended to send too large body: ${bodyBytesOf(exchange.body)} bytes`);
      // An error page is not refused for the same body once more.
      exchange.body.forsake();
      return 413;
    }
    if (exchange.body) exchange.limitBody(exchange.body, most);
    const { autoRedirect } = location;
    if (autoRedirect !== undefined && exchange.path.length < autoRedirect.length)
      return this.#addSlash(autoRedirect);
    return NEXT;
  }

  /** Other methods than those of limit_except see the location that it makes. */
  #heedMethod({ limitExcept }: LocationTable): void {
    const exchange = this.#exchange;
    if (limitExcept && !limitExcept.methods.has(exchange.method)) exchange.location = limitExcept.location;
  }

  /** The path of a location that proxies, without the slash at its end. */
  #addSlash(path: string): Verdict {
    const exchange = this.#exchange;
    const args = exchange.args === '' ? '' : `?${exchange.args}`;
    exchange.redirectTo = locationUrl(exchange, escapePath(path) + args);
    return 301;
  }

  #run(): void {
    const exchange = this.#exchange;
    const { phases } = exchange.location;
    while (this.#phase < phases.length) {
      const verdict = phases[this.#phase]!(exchange);
      if (verdict === NEXT) this.#phase++;
      else return this.#settle(verdict);
    }
    exchange.finish(404);
  }

  #settle(verdict: Verdict): void {
    const exchange = this.#exchange;
    if (verdict !== WAIT && verdict !== DONE) exchange.finish(verdict);
  }

  /** A phase that said WAIT is done. */
  resume(verdict: Verdict = NEXT): void {
    const exchange = this.#exchange;
    if (exchange.closed) return;
    try {
      if (verdict !== NEXT) return this.#settle(verdict);
      this.#phase++;
      this.#run();
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Starts over with another path. */
  redirect(path: string, args: string): void {
    const exchange = this.#exchange;
    if (!this.#mayRedirect('internally redirecting to', path)) return;
    exchange.path = path;
    exchange.args = args;
    exchange.upstreamUri = undefined;
    exchange.untouched = false;
    exchange.prefixHolds = true;
    exchange.internal = true;
    exchange.addPathToAlias = false;
    exchange.location = exchange.server.root;
    try {
      this.#rewriteServer();
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Goes on in a named location. @returns false when the server has none of that name */
  toNamed(name: string): boolean {
    const exchange = this.#exchange;
    // Counted first: a name that is not there may be the error page of its own 500.
    if (!this.#mayRedirect('redirect to named location', name)) return true;
    const location = exchange.server.named.get(name);
    if (!location) return false;
    exchange.addPathToAlias = false;
    exchange.location = location;
    this.#heedMethod(location);
    if (exchange.body) exchange.limitBody(exchange.body, exchange.location.core.clientMaxBodyBytes);
    exchange.internal = true;
    try {
      const { rewrite } = exchange.location;
      const verdict = rewrite ? runRewrite(exchange, rewrite) : NEXT;
      if (verdict === RELOCATE) {
        if (this.#mayRedirect('processing', exchange.path)) this.#locate();
      } else if (verdict !== NEXT) this.#settle(verdict);
      else {
        this.#phase = 0;
        this.#run();
      }
    } catch (error) {
      this.#crash(error);
    }
    return true;
  }

  #crash(error: unknown): void {
    this.#exchange.log(
      'crit',
      `internal fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    this.#exchange.finish(500);
  }
}

/** As much as is known of a body: of a chunked one what came of it. */
const bodyBytesOf = ({ length, receivedBytes }: RequestBody): number => Math.max(length, receivedBytes);
