/** Answers questions about the running program on a Unix socket that only its owner may open. */
import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ClusterFigures } from '#cluster';
import type { GslbFigures } from '#gslb';
import type { L4Figures, NamedFlow, Order, Target } from '#l4';
import type { MemberTarget, ZoneBans } from '#l7';
import type { LogLevel } from '#model/l7/log.ts';
import { listenUnix } from '#native/socket.ts';
import type { Revocation, ShownIssued } from '../acme/issued.ts';
import type { Renewed } from '../acme/keeper.ts';
import type { ShownToken } from '../api/token/store.ts';
import type { Preview } from '../backup/plan.ts';
import type { HistoryAnswer } from '../history/order.ts';
import type { ShownRoutes } from '../kubernetes/keeper.ts';
import type { LiveSettings, ShownMode } from '../live/settings.ts';
import type { StatusReport } from './report.ts';

/** So many flows are shown at most. */
export const MOST_CONNECTIONS = 100_000;

/** Questions by their word; a line with the word, and what belongs to it, is answered by a line of JSON. */
export interface Answers {
  status(): Promise<StatusReport>;
  /** Undefined, which is written as null: there is no L4 tier. */
  l4(): Promise<L4Figures | undefined>;
  'l4-connections'(): Promise<readonly NamedFlow[] | undefined>;
  /** @param wish an L4Wish as JSON */
  'l4-order'(wish: string): Promise<{ readonly done: readonly Target[] } | { readonly fault: string }>;
  /** @param wish a PoolWish as JSON */
  'pool-order'(
    wish: string,
  ): Promise<{ readonly done: readonly MemberTarget[] } | { readonly fault: string }>;
  /** Log level and firewall mode: what was commanded, and how it stands. */
  live(): Promise<LiveShown>;
  /** @param wish a LiveOrder as JSON */
  'live-order'(wish: string): Promise<{ readonly done: null } | { readonly fault: string }>;
  /** What limit_ban remembers, by zone. */
  bans(): Promise<readonly ZoneBans[]>;
  /** @param wish a BanOrder as JSON @returns how many zones it changed */
  'ban-order'(wish: string): Promise<{ readonly done: number } | { readonly fault: string }>;
  /** Certificates of authorities. Undefined: none is ordered. */
  acme(): Promise<readonly ShownIssued[] | undefined>;
  /** @param wish a RenewWish as JSON @returns what came of each order, when it has */
  'acme-renew'(wish: string): Promise<{ readonly done: readonly Renewed[] } | { readonly fault: string }>;
  'acme-revoke'(wish: string): Promise<{ readonly done: Revocation } | { readonly fault: string }>;
  /** Of the L4 tier and the cluster, in Prometheus' text format, as a latin1 string. */
  metrics(): Promise<string>;
  /** Sources of routes. */
  routes(): Promise<readonly ShownRoutes[]>;
  /** Undefined: there is no cluster block. */
  vrrp(): Promise<ClusterFigures | undefined>;
  /** Undefined: there is no gslb block, or its process is down. */
  gslb(): Promise<GslbFigures | undefined>;
  /** @param wish a ClusterOrder as JSON */
  'vrrp-order'(wish: string): Promise<{ readonly done: readonly string[] } | { readonly fault: string }>;
  /** Of the API. Undefined: there is no api block. */
  tokens(): Promise<readonly ShownToken[] | undefined>;
  /** @param wish a TokenOrder as JSON @returns the token, of a new one: it is told this once */
  'token-order'(
    wish: string,
  ): Promise<
    { readonly done: { readonly token?: string; readonly record: ShownToken } } | { readonly fault: string }
  >;
  /** @param wish a HistoryOrder as JSON */
  'history-order'(wish: string): Promise<{ readonly done: HistoryAnswer } | { readonly fault: string }>;
  /** @param wish a RestoreWish as JSON: of a folder that who asks has made */
  'restore-order'(wish: string): Promise<{ readonly done: Preview } | { readonly fault: string }>;
  /** @param wish a UserOrder as JSON @returns what it is about; of `link`, the link */
  'user-order'(wish: string): Promise<{ readonly done: unknown } | { readonly fault: string }>;
}

export interface LiveShown {
  readonly said: LiveSettings;
  readonly modes: readonly ShownMode[];
  /** Of the log of the process. */
  readonly configuredLevel: LogLevel;
}

/** What an operator wants done to a real server. */
export interface L4Wish {
  readonly order: Order;
  readonly real: string;
  readonly service?: string | undefined;
}

export type Question = keyof Answers;

const BACKLOG = 16;
const OWNER_ONLY = 0o600;

export class StatusServer {
  #path: string;
  readonly #server: Server;

  /** @param path a latin1 string; what lies there is replaced @throws {Error} when no socket can be made there */
  constructor(path: string, answers: Answers) {
    this.#path = path;
    rmSync(Buffer.from(path, 'latin1'), { force: true });
    const fd = listenUnix({ path, backlog: BACKLOG, mode: OWNER_ONLY });
    this.#server = createServer(socket => serve(socket, answers));
    this.#server.listen({ fd, backlog: BACKLOG }).unref();
  }

  /** Makes room for a successor, and takes the place again when that is gone. */
  moveTo(path: string): void {
    renameSync(Buffer.from(this.#path, 'latin1'), Buffer.from(path, 'latin1'));
    this.#path = path;
  }

  close(): void {
    this.#server.close();
    rmSync(Buffer.from(this.#path, 'latin1'), { force: true });
  }
}

function serve(socket: Socket, answers: Answers): void {
  socket.on('error', () => socket.destroy()); // who asked has gone
  const lines = createInterface(socket);
  lines.on('error', () => socket.destroy()); // it hears of the socket's faults, too
  lines.on('line', async line => {
    const [word = '', rest = ''] = line.split(/ (.*)/s);
    if (!socket.writable) return; // lines behind a question that nobody understands
    if (!isQuestion(word, answers))
      return socket.end(`${JSON.stringify({ fault: `unknown question "${word}"` })}\n`);
    const answer = await answers[word](rest);
    if (socket.writable) socket.write(`${JSON.stringify(answer ?? null)}\n`);
  });
}

const isQuestion = (word: string, answers: Answers): word is Question => Object.hasOwn(answers, word);
