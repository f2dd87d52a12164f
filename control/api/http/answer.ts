/** A request from its head to its answer: what is refused is refused in this order, the cheapest first. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { etagOf } from '../etag.ts';
import { refuse } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { type Match, type Router, readTarget } from '../route/match.ts';
import type { Reply, Route, Stream } from '../route/route.ts';
import { mayDo, type TokenRecord } from '../token/token.ts';
import { readBody } from './body.ts';
import { jsonBytes } from './bytes.ts';
import { checkParts } from './check.ts';
import type { Credentials } from './credentials.ts';
import { refuseOtherHost, refuseOtherOrigin, refuseTwins } from './gate.ts';
import type { Idempotency } from './idempotency.ts';
import { PROBLEM_TYPE, problemOf, refusalOf } from './problem.ts';

const BODY_BYTES = 64 << 10;

export interface Answering {
  readonly router: Router;
  readonly credentials: Credentials;
  readonly desk: RemoteDesk;
  readonly stream: Stream;
  readonly repeats: Idempotency<Reply>;
  readonly hosts: readonly string[];
  readonly isTls: boolean;
  readonly tell: (message: string) => void;
}

/** On every answer: nothing of it is for a cache, a frame, or a guess at its type. */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** @param expects whether the client waits for a 100 */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  means: Answering,
  expects: boolean,
): Promise<void> {
  for (const [name, value] of Object.entries(ALWAYS)) response.setHeader(name, value);
  if (means.isTls) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
  try {
    await work(request, response, means, expects);
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
  expects: boolean,
): Promise<void> {
  refuseTwins(request);
  refuseOtherHost(request, means.hosts);
  refuseOtherOrigin(request, means.isTls);
  const target = readTarget(request.url ?? '');
  const { match, token } = admit(request, target.segments, means);
  const { route } = match;
  const limitBytes = route.bodyLimitBytes ?? BODY_BYTES;
  const body = await readBody(request, response, { limitBytes, expects });
  const parts = checkParts(route, match.params, target.query, body);
  const asker = {
    who: token ? `token ${token.name} (${token.id})` : 'nobody',
    from: request.socket.remoteAddress,
    ifMatch: request.headers['if-match'],
  };
  const call = { ...parts, asker, desk: means.desk, stream: means.stream };
  const handle = () => route.handle(call as never);
  if (!route.changes || !token) return give(response, await handle(), route, means, token);
  const what = [request.method, request.url, asker.ifMatch, body?.text].join('\n');
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key)) throw refuse(400, 'twice', 'one Idempotency-Key');
  if (asker.ifMatch === undefined)
    throw refuse(428, 'precondition-required', 'say If-Match with the ETag of what you have seen, or *');
  const reply = await means.repeats.once(token.id, key, what, async () => (await handle()) as Reply);
  give(response, reply, route, means, token);
}

/** What is public needs nobody; all else is refused to those who are not known before a word is said of what there is. */
function admit(
  request: IncomingMessage,
  segments: readonly string[],
  { router, credentials }: Answering,
): { readonly match: Match; readonly token: TokenRecord | undefined } {
  const find = () => router.find(request.method ?? '', segments);
  const open = attempt(find);
  if (open?.route.role === 'public') return { match: open, token: undefined };
  const token = credentials.of(request);
  const match = open ?? find();
  const { role, scope } = match.route;
  if (role === 'public' || !mayDo(token, role, scope))
    throw refuse(403, 'forbidden', `this needs the role ${role}${scope ? ` in the scope ${scope}` : ''}`);
  return { match, token };
}

/** Undefined where it is refused. */
function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined; // asked again, and told, when it is known who asks
  }
}

function give(
  response: ServerResponse,
  reply: Reply | 'stream',
  route: Route,
  { stream }: Answering,
  token: TokenRecord | undefined,
): void {
  if (reply === 'stream') {
    if (token && response.req.method === 'GET') stream(response, token);
    else response.end(); // HEAD: there is nothing to wait for
    return;
  }
  const { status = route.status ?? 200, body, state, headers = {} } = reply;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (state !== undefined) response.setHeader('ETag', etagOf(state));
  send(response, status, body, 'application/json');
}

function send(response: ServerResponse, status: number, body: unknown, type: string): void {
  response.statusCode = status;
  if (body === undefined) return void response.end();
  const bytes = jsonBytes(body);
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}
