/** What `moat status` asks the running program, beside its pid file. */
import type { Applier } from '../apply.ts';
import type { RestoreWish } from '../backup/restore.ts';
import { type HistoryOrder, obey, shownWish } from '../history/order.ts';
import type { Invocation } from '../invocation.ts';
import { orderPool, type PoolWish } from '../pool/order.ts';
import { MOAT_VERSION } from '../version.ts';
import { type StatusReport, socketPathOf } from './report.ts';
import { type Answers, type L4Wish, MOST_CONNECTIONS, StatusServer } from './server.ts';

/** What came of an order, or why nothing did. */
async function outcomeOf<T>(
  work: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly fault: string }> {
  try {
    return { done: await work() };
  } catch (fault) {
    return { fault: (fault as Error).message };
  }
}

const order = (text: string, { l4 }: Applier): ReturnType<Answers['l4-order']> =>
  outcomeOf(async () => {
    const { order, real, service }: L4Wish = JSON.parse(text);
    return l4.override(order, real, service);
  });

const orderCluster = (text: string, { cluster }: Applier): ReturnType<Answers['vrrp-order']> =>
  outcomeOf(async () => cluster.order(JSON.parse(text)));

const orderMember = (text: string, applier: Applier): ReturnType<Answers['pool-order']> =>
  outcomeOf(async () => orderPool(JSON.parse(text) as PoolWish, applier));

const orderLive = (text: string, { live }: Applier): ReturnType<Answers['live-order']> =>
  outcomeOf(() => live.order(JSON.parse(text)).then(() => null));

const orderBan = (text: string, { bans }: Applier): ReturnType<Answers['ban-order']> =>
  outcomeOf(async () => bans.order(JSON.parse(text)));

const renew = (text: string, applier: Applier): ReturnType<Answers['acme-renew']> =>
  outcomeOf(async () => acmeOf(applier).renew(JSON.parse(text)));

const revoke = (text: string, applier: Applier): ReturnType<Answers['acme-revoke']> =>
  outcomeOf(async () => acmeOf(applier).revoke(JSON.parse(text)));

/** @throws {Error} when there is none */
function acmeOf({ acme }: Applier): NonNullable<Applier['acme']> {
  if (!acme) throw new Error('no certificate is ordered');
  return acme;
}

/** @throws {Error} when there is none */
function apiOf({ api }: Applier): NonNullable<Applier['api']> {
  if (!api) throw new Error('there is no api block in force');
  return api;
}

const orderToken = (text: string, applier: Applier): ReturnType<Answers['token-order']> =>
  outcomeOf(async () => apiOf(applier).order(JSON.parse(text)));

const orderUser = (text: string, applier: Applier): ReturnType<Answers['user-order']> =>
  outcomeOf(async () => apiOf(applier).orderUser(JSON.parse(text)));

async function orderHistory(text: string, applier: Applier): ReturnType<Answers['history-order']> {
  const wish: HistoryOrder = JSON.parse(text);
  const outcome = await outcomeOf(() => obey(wish, applier));
  const told = 'done' in outcome ? { done: outcome.done.state } : outcome;
  if (isChange(wish)) applier.api?.record(`config-${wish.kind}`, shownWish(wish), told);
  return outcome;
}

/** Its code is loaded when it is asked for. */
function orderRestore(
  text: string,
  applier: Applier,
  invocation: Invocation,
): ReturnType<Answers['restore-order']> {
  return outcomeOf(async () => {
    const wish: RestoreWish = JSON.parse(text);
    const { restoreRunning } = await import('../backup/restore.ts');
    return restoreRunning(wish, applier, invocation, { who: 'socket', isRoot: true });
  });
}

const isChange = ({ kind }: HistoryOrder): boolean => kind !== 'list' && kind !== 'texts';

/** Who reads the audit log of the API finds what was commanded beside it. */
async function recorded<T extends { readonly done: unknown } | { readonly fault: string }>(
  what: string,
  wish: string,
  outcome: Promise<T>,
  { api }: Applier,
): Promise<T> {
  const told = await outcome;
  api?.record(what, wish, told);
  return told;
}

export class StatusService {
  readonly #applier: Applier;
  readonly #invocation: Invocation;
  /** Undefined when there is no place for a socket: the program serves all the same. */
  readonly #server: StatusServer | undefined;
  #refusal: string | undefined;

  constructor(pidPath: string, applier: Applier, invocation: Invocation) {
    this.#applier = applier;
    this.#invocation = invocation;
    applier.report = () => this.#report();
    try {
      const path = socketPathOf(pidPath);
      const taken = applier.listeners.sockets.some(({ key }) => key === `unix:${path}`);
      if (taken) throw new Error(`${path}, beside the pid file, is where a server listens`);
      this.#server = new StatusServer(path, {
        status: () => this.#report(),
        l4: () => applier.l4.figures(),
        'l4-connections': () => applier.l4.flows(MOST_CONNECTIONS),
        'l4-order': wish => recorded('l4-order', wish, order(wish, applier), applier),
        'pool-order': wish => recorded('pool-order', wish, orderMember(wish, applier), applier),
        live: async () => applier.live.shown,
        'live-order': wish => recorded('live-order', wish, orderLive(wish, applier), applier),
        bans: () => applier.bans.sync(),
        'ban-order': wish => recorded('ban-order', wish, orderBan(wish, applier), applier),
        acme: async () => applier.acme?.shown,
        'acme-renew': wish => recorded('acme-renew', wish, renew(wish, applier), applier),
        'acme-revoke': wish => recorded('acme-revoke', wish, revoke(wish, applier), applier),
        metrics: () => applier.metrics.text(),
        gslb: async () => applier.gslb?.figures(),
        routes: async () => applier.routes.shown,
        vrrp: () => applier.cluster.figures(),
        'vrrp-order': wish => recorded('vrrp-order', wish, orderCluster(wish, applier), applier),
        tokens: async () => (applier.api?.inForce ? applier.api.list() : undefined),
        'token-order': wish => orderToken(wish, applier),
        'history-order': wish => orderHistory(wish, applier),
        'restore-order': wish => recorded('restore', wish, orderRestore(wish, applier, invocation), applier),
        'user-order': wish => orderUser(wish, applier),
      });
    } catch (fault) {
      applier.log.warn(`moat status will get no answer: ${(fault as Error).message}`);
    }
  }

  /** @param refusal why the last reload changed nothing; undefined when it did */
  reloaded(refusal: string | undefined): void {
    this.#refusal = refusal;
  }

  /** The pid file has another name now. */
  moveTo(pidPath: string): void {
    this.#server?.moveTo(socketPathOf(pidPath));
  }

  close(): void {
    this.#server?.close();
  }

  async #report(): Promise<StatusReport> {
    const applier = this.#applier;
    const sockets = Map.groupBy(applier.listeners.sockets, socket => socket.key);
    return {
      version: MOAT_VERSION,
      pid: process.pid,
      file: Buffer.from(this.#invocation.file, 'latin1').toString(),
      uptimeMs: Math.round(process.uptime() * 1000),
      revision: applier.revision,
      appliedAtMs: applier.appliedAtMs,
      refusal: this.#refusal,
      listeners: [...sockets].map(([key, { length }]) => ({ key, sockets: length })),
      l7: await applier.plane.status(),
      l4: await applier.l4.figures(),
      cluster: await applier.cluster.figures(),
      canary: applier.history?.canary.state,
      certificates: applier.certificates.now(),
    };
  }
}
