/** One request and its answer: what is known of it, and the chain that its body leaves by. */
import type { LogLevel } from '#model/l7/log.ts';
import type { Credentials } from './auth/credentials.ts';
import type { Clock } from './clock.ts';
import { answerError } from './content/error.ts';
import type { BodyStore } from './downstream/body-store.ts';
import type { Connection, Downstream } from './downstream/downstream.ts';
import type { RequestBody } from './downstream/request-body.ts';
import { addDueFields } from './due-fields.ts';
import type { HeaderList } from './message.ts';
import { NEXT, type Verdict } from './phase/verdict.ts';
import type { BodySink, BodySource, Response } from './response.ts';
import type { LocationTable, ServerTable, Tables } from './tables.ts';
import type { Trace } from './trace/context.ts';
import type { UserId } from './user-id.ts';
import type { CompressionCount } from './variable/compression.ts';
import type { Attempt } from './variable/upstream.ts';
import type { AnswerGate } from './waf/answer-gate.ts';
import type { Finding } from './waf/event.ts';
import type { Inspection } from './waf/inspection.ts';
import { Walk } from './walk.ts';
import type { RequestHead } from './wire/h1/request-head.ts';

const NO_SLOTS: (string | undefined)[] = [];
const NO_ATTEMPTS: Attempt[] = [];
const NONE: readonly string[] = [];

/** Makes a body filter that hands its output to `next`. */
export type FilterMaker = (next: BodySink, exchange: Exchange) => BodySink;

/** A filter that holds a part of the body back. Of several the one next to the client began first, and is asked first. */
export interface SourceHolder {
  /** The client took what was waiting. */
  drained(): void;
}

export class Exchange {
  /** The request that the client sent: itself, or for a subrequest the one it belongs to. */
  readonly main: Exchange;
  readonly connection: Connection;
  readonly downstream: Downstream;
  readonly clock: Clock;
  /** The configuration this request began with; a reload does not change it. */
  readonly tables: Tables;
  readonly head: RequestHead;
  readonly startedMs: number;
  body: RequestBody | undefined;
  /** The body kept whole, once somebody wanted that: content takes it from here. */
  storedBody: BodyStore | undefined;

  server: ServerTable;
  location: LocationTable;
  /** The method that content sees: error pages turn it into GET. */
  method: string;
  /** Decoded, normalised path. */
  path: string;
  /** The query without `?`. */
  args: string;
  /** The target as sent: path and query. */
  requestUri: string;
  /** False once a rewrite or redirect changed path or args: then the target as sent is no longer what is passed on. */
  untouched = true;
  /** A rewrite changed the path: unless `break` follows, the location is found anew. */
  pathChanged = false;
  /** False once `rewrite ... break` made the path: what the location matched need not be at its start any more. */
  prefixHolds = true;
  /** Captures are escaped where `set` and conditions take them; see `programText`. */
  escapesCaptures = true;
  /** Host as the client meant it, lower case, without port. */
  host = '';
  remoteAddress: string;
  remotePort: number;
  /** realip has found the client: it is not asked again. */
  addressKnown = false;
  /** Name and password; null when it has none, undefined until somebody asks: see `credentialsOf`. */
  credentials: Credentials | null | undefined;
  requestId: string | undefined;
  /** The trace that it belongs to, once somebody asked; see traceOf(). */
  trace: Trace | undefined;
  /** Who the client is by its cookie (userid), once somebody asked; `$uid_reset` where it was set. */
  userId: UserId | undefined;
  userIdReset: string | undefined;
  pipelined = false;
  internal = false;

  slots: (string | undefined)[];
  captures: RegExpExecArray | null = null;

  response: Response | undefined;
  /** The status of a request that ended without a response: 499, or 0. */
  failedStatus = 0;
  /** The status of the answer whose text is being made, for `$status` in it. */
  statusDue = 0;
  /** The status that an error page stands for, to be answered in place of the page's own; 0: the page's own. */
  errorStatus = 0;
  /** Set by the first error where error_page is not recursive: later ones get the built-in page. */
  inErrorPage = false;
  /** Location of a redirect that is to be answered; it stays with the request through its error page, like the two below. */
  redirectTo: string | undefined;
  /** WWW-Authenticate of a 401 that is to be answered. */
  challenges: readonly string[] = NONE;
  /** Allow of a 405 that is to be answered (RFC 9110 §15.5.6). */
  allowed: string | undefined;
  /** With `satisfy any`: ALLOWED, the refusal so far, or 0. */
  accessStatus = 0;
  /** Content-Range of a 416 that is to be answered. */
  contentRange: string | undefined;
  /** It is made to wait (limit_req, auth_delay): a client that ends its input meanwhile is not waited for. */
  delayed = false;
  /** `try_files` found the file of a location whose `alias` is the whole path: then the path has to be added to it. */
  addPathToAlias = false;
  keepAlive: boolean;
  completed = false;
  closed = false;

  attempts: Attempt[] = NO_ATTEMPTS;
  upstreamHeaders: HeaderList | undefined;
  upstreamTrailers: HeaderList | undefined;
  /** What limit_req and limit_conn said, once they were asked. */
  limitReqStatus: string | undefined;
  limitConnStatus: string | undefined;
  /** What limit_ban said, and what came of the request for it. */
  limitBanStatus: string | undefined;
  /** What the challenge made of it. */
  challengeStatus: string | undefined;
  /** What waf_csrf said of it. */
  csrfStatus: string | undefined;
  /** Cookies that go out with the answer, whatever it is. */
  cookiesDue: readonly string[] = NONE;
  /** What the WAF found, where it looked. */
  inspection: Inspection | undefined;
  /** What another part than its rules found fault with. */
  finding: Finding | undefined;
  proxyHost: string | undefined;
  proxyPort: string | undefined;
  /** What the server is asked for; undefined when the request has become another one since. */
  upstreamUri: ((exchange: Exchange) => string) | undefined;
  /** Whether it goes on by TLS. */
  proxyTls = false;
  /** Fields that an X-Accel-Redirect brought along for the answer. */
  carried: HeaderList | undefined;
  /** X-Accel-Limit-Rate, `set $limit_rate`: overrides limit_rate. */
  limitRateBytesPerS: number | undefined;
  /** What compresses the answer: its counts are $gzip_ratio. */
  compression: CompressionCount | undefined;
  /** X-Accel-Buffering: overrides proxy_buffering. */
  bufferAnswer: boolean | undefined;

  readonly #walk = new Walk(this);
  #source: BodySource | undefined;
  #holders: SourceHolder[] | undefined;
  #sink: BodySink;
  #filters: FilterMaker[] | undefined;
  /** The WAF looks at the answer before it goes out. */
  #gate: AnswerGate | undefined;
  #ends: (() => void)[] | undefined;

  /** @param main the request that it belongs to; null: it is no request, and nobody counts it */
  constructor(
    head: RequestHead,
    server: ServerTable,
    tables: Tables,
    connection: Connection,
    downstream: Downstream,
    clock: Clock,
    main?: Exchange | null,
  ) {
    this.main = main ?? this;
    if (main === undefined) tables.traffic.began();
    this.head = head;
    this.tables = tables;
    this.connection = connection;
    this.downstream = downstream;
    this.clock = clock;
    this.server = server;
    this.location = server.root;
    this.method = head.method;
    this.path = '';
    this.args = '';
    this.requestUri = head.target;
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.keepAlive = head.keepAlive;
    this.startedMs = clock.nowMs();
    this.slots = tables.variables.slotCount === 0 ? NO_SLOTS : new Array(tables.variables.slotCount);
    this.#sink = downstream;
  }

  /** Starts the way through the phases. */
  start(): void {
    this.#walk.start();
  }

  /** A phase that said WAIT is done. */
  resume(verdict: Verdict = NEXT): void {
    this.#walk.resume(verdict);
  }

  /** Starts over with another path, as `try_files`, `index`, error pages and X-Accel-Redirect do. */
  internalRedirect(path: string, args: string): void {
    this.#walk.redirect(path, args);
  }

  /** Goes on in a named location. @returns false when the server has none of that name */
  namedLocation(name: string): boolean {
    return this.#walk.toNamed(name);
  }

  /** False when the request went round in a circle: then no error page is looked for. */
  get mayGoOn(): boolean {
    return this.#walk.mayGoOn;
  }

  /** The length of a chunked body shows only while it comes. */
  limitBody(body: RequestBody, mostBytes: number): void {
    body.limitBytes = mostBytes;
    body.tooLarge ??= () => {
      this.log('error', `client intended to send too large chunked body: more than ${body.limitBytes} bytes`);
      this.bodyFailed(413);
    };
  }

  /** The body can not be had: whoever works on an answer is stopped, and the request ends with a status. */
  bodyFailed(status: number): void {
    this.body?.forsake();
    this.#source?.cancel();
    this.#source = undefined;
    this.finish(status);
  }

  /** Ends the request with a status: its error page, or a short page of moat's own. */
  finish(status: number): void {
    if (this.closed) return;
    if (this.response) return this.abort(status);
    answerError(this, status);
  }

  /** Adds a filter to the body's way out; called by header filters, in the order the body passes them. */
  addFilter(make: FilterMaker): void {
    (this.#filters ??= []).push(make);
  }

  /**
   * Sends the head of the answer.
   *
   * @param source who will call write() and end(); undefined when that happens at once in this call's caller
   * @returns false when a filter refused the response and the request ends otherwise (412, 416): the source was
   *   cancelled, and nothing must be written
   */
  respond(response: Response, source: BodySource | undefined): boolean {
    addDueFields(this, response);
    this.response = response;
    this.#source = source;
    const gate = this.inspection?.inspectAnswer(this, response) ?? NEXT;
    if (typeof gate === 'number') return gate === NEXT ? this.#send(response) : this.#refuse(gate);
    // Whoever could read parts is asked for all: what the filters leave of it shows only later.
    response.readsParts = false;
    this.#gate = gate;
    return true;
  }

  /** Sends the head, and makes the way that the body takes. */
  #send(response: Response): boolean {
    for (const filter of this.location.headerFilters) {
      const refusal = filter(this, response);
      if (refusal) return this.#refuse(refusal);
    }
    const { status } = response;
    if (this.head.method === 'HEAD' || status === 204 || status === 304 || status < 200)
      response.headOnly = true;
    // That of a server goes on as it is.
    if (status === 204 && response.reason === undefined) response.noContent();
    if (!response.headOnly && this.#filters) {
      for (let at = this.#filters.length - 1; at >= 0; at--)
        this.#sink = this.#filters[at]!(this.#sink, this);
    }
    this.downstream.writeHead(this, response);
    return true;
  }

  /** Answers with a response whose body is at hand. */
  answer(response: Response, body: Buffer | undefined): void {
    response.contentLength = body?.length ?? 0;
    this.body?.discard();
    if (!this.respond(response, undefined)) return;
    if (body && body.length > 0) this.write(body);
    this.end();
  }

  /** A header filter wants another answer in place of this one. */
  #refuse(status: number): false {
    this.#source?.cancel();
    this.#source = undefined;
    this.#filters = undefined;
    this.response = undefined;
    this.finish(status);
    return false;
  }

  /** A piece of the body. @returns false when the source should pause */
  write(data: Buffer): boolean {
    if (this.#gate) return this.#passGate(this.#gate, this.#gate.write(data));
    if (this.closed || this.response?.headOnly) return true;
    return this.#sink.write(data);
  }

  /** The body is complete. */
  end(): void {
    if (this.closed) return;
    if (this.#gate && !this.#endAtGate(this.#gate)) return;
    this.#source = undefined;
    if (this.response?.headOnly) this.downstream.end();
    else this.#sink.end();
  }

  /** @returns whether the source may go on */
  #passGate(gate: AnswerGate, verdict: Verdict | undefined): boolean {
    if (this.closed || verdict === undefined) return true;
    this.#gate = undefined;
    if (verdict !== NEXT) return this.#refuse(verdict);
    if (!this.#send(this.response!)) return false;
    let flows = true;
    for (const piece of gate.take()) flows = this.write(piece);
    return flows;
  }

  /** @returns false when the answer was refused, and the request ends otherwise */
  #endAtGate(gate: AnswerGate): boolean {
    const { response } = this;
    this.#passGate(gate, gate.end());
    return !this.closed && this.response === response;
  }

  pauseSource(): void {
    this.#source?.pause();
  }

  /** The client took what was waiting: the source may go on, or first the filter that holds something back. */
  resumeSource(): void {
    const holder = this.#holders?.[0];
    if (holder) holder.drained();
    else this.#source?.resume();
  }

  /** A filter holds a part of the body back, and wants no more of it meanwhile. */
  holdSource(holder: SourceHolder): void {
    (this.#holders ??= []).push(holder);
  }

  /** The filter holds nothing back any more; resumeSource() may follow. */
  releaseSource(holder: SourceHolder): void {
    const at = this.#holders?.indexOf(holder) ?? -1;
    if (at !== -1) this.#holders!.splice(at, 1);
  }

  /** Who is working on the answer before its head stands (a proxied request): told when the client goes away. */
  setSource(source: BodySource | undefined): void {
    this.#source = source;
  }

  /** The client sent its end of input: for a proxied request, and for one that is made to wait, it went away. */
  clientClosed(): void {
    if (this.delayed) {
      this.log('info', 'client prematurely closed connection');
      return this.abort(499);
    }
    const { content, settings } = this.location.model;
    if (content.kind === 'proxy' && this.#source && !settings.proxy.ignoreClientAbort) {
      this.log('info', 'client prematurely closed connection, so upstream connection is closed too');
      this.abort(499);
    }
  }

  /** The client can not be answered any more; work for it goes on only where proxy_ignore_client_abort says so. */
  clientLeft(): void {
    const { content, settings } = this.location.model;
    if (content.kind !== 'proxy' || !this.#source || !settings.proxy.ignoreClientAbort) this.abort(499);
  }

  /** Runs when the request is over, however it ended. */
  onEnd(end: () => void): void {
    (this.#ends ??= []).push(end);
  }

  /** The last byte was handed to the connection. Called by the downstream only. */
  complete(): void {
    if (this.closed) return;
    this.completed = true;
    this.#close();
  }

  /** The answer can not be finished: the connection is cut, so that half of it never passes as whole. */
  abort(status = 499): void {
    if (this.closed) return;
    this.failedStatus = status;
    this.keepAlive = false;
    this.#source?.cancel();
    this.#source = undefined;
    this.#close();
    this.downstream.reset();
  }

  #close(): void {
    this.closed = true;
    if (this.main === this) this.tables.traffic.ended(this);
    // The logs come first: what the ends let go (a body that was kept) may be written there.
    if (this.main === this || this.location.core.logSubrequest)
      for (const log of this.location.logs) log(this);
    if (this.#ends) for (const end of this.#ends) end();
  }

  /** Writes to the error log, with the request behind the message, as nginx does. */
  log(level: LogLevel, message: string): void {
    this.location.errorLog.write(level, this, message);
  }
}
