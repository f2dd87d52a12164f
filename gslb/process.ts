/** The GSLB process: answers strangers' queries, without root, and asks the sites how they are. It ends when control is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveSignalsToParent, obey } from '#kit/obedience.ts';
import type { GslbModel } from '#model/gslb.ts';
import { setUser } from '#native/identity.ts';
import { checksOf, wantsPing } from './checks.ts';
import type { FromGslb, Sockets, ToGslb } from './messages.ts';
import { Responder } from './responder.ts';
import { Connections } from './tcp.ts';
import { serveUdp } from './udp.ts';
import { type Teller, Watched } from './watched.ts';

const UNPRIVILEGED_USER = 'nobody';
const LOOK_MS = 20;
/** Beyond the time that checks may take themselves. */
const SLACK_MS = 1000;

const say = (message: FromGslb) => process.send?.(message, () => {}); // control is gone: the end comes by 'disconnect'
const tell = (level: 'error' | 'warn' | 'notice') => (message: string) =>
  void say({ kind: 'log', level, message: `gslb: ${message}` });
const log: Teller = { error: tell('error'), warn: tell('warn'), notice: tell('notice') };

const watched = new Watched(log);
const responder = new Responder({
  conditionOf: watched.conditionOf,
  random: Math.random,
  nowMs: () => performance.now(),
  tell: log.error,
});

function configure(model: GslbModel): void {
  responder.configure(model);
  watched.follow(model);
}

function becomeUser(
  model: GslbModel,
  user: { readonly name: string; readonly group: string } | undefined,
): void {
  if (process.getuid?.() !== 0) return;
  const keepCapabilities = wantsPing(model) ? (['net_raw'] as const) : [];
  if (user) setUser(user.name, user.group, { keepCapabilities });
  else setUser(UNPRIVILEGED_USER, undefined, { keepCapabilities });
}

/** Queries wait in the sockets meanwhile: the first answer knows already who lives. */
async function hearOfAll(model: GslbModel): Promise<void> {
  const longestMs = Math.max(0, ...checksOf(model).map(({ timeoutMs }) => timeoutMs));
  const endMs = performance.now() + longestMs + SLACK_MS;
  while (watched.unanswered > 0 && performance.now() < endMs) await sleep(LOOK_MS);
}

async function serve(
  model: GslbModel,
  sockets: readonly Sockets[],
  user: Parameters<typeof becomeUser>[1],
): Promise<void> {
  becomeUser(model, user);
  configure(model);
  await hearOfAll(model);
  const connections = new Connections(responder);
  for (const { address, udpFd, tcpFd } of sockets) {
    serveUdp(udpFd, address.includes(':') ? 6 : 4, responder);
    connections.serve(tcpFd);
  }
}

function work(order: ToGslb): unknown {
  switch (order.kind) {
    case 'serve':
      return serve(order.model, order.sockets, order.user);
    case 'configure':
      return configure(order.model);
    case 'figures':
      return { pid: process.pid, ...responder.counts.figures(), records: watched.figures() };
  }
}

obey(work);
leaveSignalsToParent();
