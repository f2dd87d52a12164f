/** A request from its head to its answer: what is refused is refused in this order, the cheapest first. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Alerts } from '../alert/alerts.ts';
import type { ChannelState } from '../alert/notifier.ts';
import { giveFile, isVisit } from '../console/answer.ts';
import type { ConsoleFile, ConsoleFiles } from '../console/files.ts';
import { etagOf } from '../etag.ts';
import type { History } from '../history/history.ts';
import { refuse } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { type Match, type Router, readTarget } from '../route/match.ts';
import type { Means, Reply, Route, Stream } from '../route/route.ts';
import { mayDo } from '../token/token.ts';
import { isFresh } from '../user/session.ts';
import { NO_BYTES, readBody, readUpload } from './body.ts';
import { jsonBytes } from './bytes.ts';
import { checkParts } from './check.ts';
import { cookieField, ticketField, ticketIn } from './cookie.ts';
import type { Caller, Credentials } from './credentials.ts';
import { refuseOtherHost, refuseOtherOrigin, refuseTwins } from './gate.ts';
import type { Idempotency } from './idempotency.ts';
import type { Arrival } from './patience.ts';
import { PROBLEM_TYPE, problemOf, refusalOf } from './problem.ts';

const BODY_BYTES = 64 << 10;
const MOST_AGENT = 160;

export interface Answering {
  readonly router: Router;
  readonly credentials: Credentials;
  readonly desk: RemoteDesk;
  readonly history: History;
  readonly alerts: Alerts;
  readonly channels: () => readonly ChannelState[];
  readonly stream: Stream;
  readonly follow: Means['follow'];
  readonly repeats: Idempotency<Reply>;
  readonly hosts: readonly string[];
  readonly isTls: boolean;
  /** Undefined: there is no console. */
  readonly files: ConsoleFiles | undefined;
  readonly tell: (message: string) => void;
}

/** On every answer: nothing of it is for a cache, a frame, or a guess at its type. */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  means: Answering,
  arrival: Arrival,
): Promise<void> {
  for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value);
  if (means.isTls) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
  try {
    await work(request, response, means, arrival);
  } catch (fault) {
    const data = refusalOf(fault, message => means.tell(`a request could not be answered: ${message}`));
    if (response.headersSent) return void response.destroy(); // half an answer: its end tells that it is none
    for (const [name, value] of Object.entries(data.headers ?? {})) response.setHeader(name, value);
    if (!request.complete) response.setHeader('Connection', 'close'); // a body that nobody reads may follow
    send(response, data.status, problemOf(data), PROBLEM_TYPE);
  }
}

async function work(
  request: IncomingMessage,
  response: ServerResponse,
  means: Answering,
  arrival: Arrival,
): Promise<void> {
  refuseTwins(request);
  refuseOtherHost(request, means.hosts);
  const target = readTarget(request.url ?? '');
  const file = fileOf(request, target.segments, means);
  if (!file || !isVisit(request)) refuseOtherOrigin(request, means.isTls);
  if (file) return giveFile(request, response, file);
  const { match, caller } = admit(request, target.segments, means);
  const { route } = match;
  const limitBytes = route.bodyLimitBytes ?? BODY_BYTES;
  const body = route.takesBytes ? undefined : await readBody(request, response, { limitBytes, ...arrival });
  const upload = route.takesBytes ? readUpload(request, response, { limitBytes, ...arrival }) : NO_BYTES;
  const parts = checkParts(route, match.params, target.query, body);
  const asker = {
    who: caller?.who ?? 'nobody',
    from: request.socket.remoteAddress,
    ifMatch: request.headers['if-match'],
    session: caller && 'session' in caller.by ? caller.id : undefined,
    agent: (request.headers['user-agent'] ?? '').slice(0, MOST_AGENT),
  };
  const { desk, history, alerts, channels, stream, follow } = means;
  const browser = {
    origin: `${means.isTls ? 'https' : 'http'}://${request.headers.host}`,
    ticket: ticketIn(request),
  };
  const call = { ...parts, asker, caller, browser, desk, history, alerts, channels, stream, follow, upload };
  const handle = () => route.handle(call as never);
  if (!route.changes || !caller) return await give(response, await handle(), route, means, caller);
  const what = [request.method, request.url, asker.ifMatch, body?.text].join('\n');
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key)) throw refuse(400, 'twice', 'one Idempotency-Key');
  if (asker.ifMatch === undefined)
    throw refuse(428, 'precondition-required', 'say If-Match with the ETag of what you have seen, or *');
  const reply = await means.repeats.once(caller.id, key, what, async () => (await handle()) as Reply);
  await give(response, reply, route, means, caller);
}

/** What no route is for is the console's. */
function fileOf(
  { method = '' }: IncomingMessage,
  segments: readonly string[],
  { files, router }: Answering,
): ConsoleFile | undefined {
  const isOurs = segments[0] === 'api' || !['GET', 'HEAD'].includes(method);
  if (isOurs || attempt(() => router.find(method, segments))) return undefined;
  return files?.find(segments);
}

/** What is public needs nobody; all else is refused to those who are not known before a word is said of what there is. */
function admit(
  request: IncomingMessage,
  segments: readonly string[],
  { router, credentials }: Answering,
): { readonly match: Match; readonly caller: Caller | undefined } {
  const find = () => router.find(request.method ?? '', segments);
  const open = attempt(find);
  if (open?.route.role === 'public') return { match: open, caller: credentials.sessionOf(request) };
  const caller = credentials.of(request);
  const match = open ?? find();
  const { role, scope } = match.route;
  if (role === 'public' || !mayDo(caller, role, scope))
    throw refuse(403, 'forbidden', `this needs the role ${role}${scope ? ` in the scope ${scope}` : ''}`);
  refuseUnfit(match.route, caller);
  return { match, caller };
}

/** What is dangerous is not for a token that lies in some file, nor for a browser that somebody left open. @throws {Refusal} 403 */
function refuseUnfit({ needs }: Route, { by }: Caller): void {
  if (needs === undefined) return;
  if (!('session' in by))
    throw refuse(403, 'session-needed', 'this is for who has logged in, not for tokens');
  if (needs === 'fresh-session' && !isFresh(by.session, Date.now()))
    throw refuse(403, 'log-in-again', 'say your password again: POST /api/v1/login/again');
}

/** Undefined where it is refused. */
function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined; // asked again, and told, when it is known who asks
  }
}

async function give(
  response: ServerResponse,
  reply: Reply | 'stream',
  route: Route,
  { stream }: Answering,
  caller: Caller | undefined,
): Promise<void> {
  const going = reply === 'stream' ? stream : reply.stream;
  if (reply === 'stream' || going) {
    if (caller && response.req.method === 'GET') going?.(response, caller);
    else response.end(); // HEAD: there is nothing to wait for
    return;
  }
  const { status = route.status ?? 200, body, state, headers = {}, cookie, ticket, pieces } = reply;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (cookie !== undefined) response.appendHeader('Set-Cookie', cookieField(response.req, cookie));
  if (ticket !== undefined) response.appendHeader('Set-Cookie', ticketField(response.req, ticket));
  if (state !== undefined) response.setHeader('ETag', etagOf(state));
  if (pieces) return pour(response, status, pieces);
  send(response, status, body, 'application/json');
}

/** As fast as the client reads. */
async function pour(
  response: ServerResponse,
  status: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/octet-stream');
  await pipeline(pieces, response);
}

function send(response: ServerResponse, status: number, body: unknown, type: string): void {
  response.statusCode = status;
  if (body === undefined) return void response.end();
  const bytes = jsonBytes(body);
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}
