/** The API process: reads what strangers send, without root, and asks control for the rest. It ends when control is gone. */
import { constants, openSync } from 'node:fs';
import type { Server } from 'node:http';
import { setPriority } from 'node:os';
import { Line, type Said } from '#kit/line.ts';
import { leaveSignalsToParent } from '#kit/obedience.ts';
import { setUser } from '#native/identity.ts';
import { act } from '../autoscale/act.ts';
import { Autoscaler } from '../autoscale/autoscaler.ts';
import { CpuWatch } from '../autoscale/cpu-watch.ts';
import { Alerts } from './alert/alerts.ts';
import { rulesOf } from './alert/defaults.ts';
import { KeptAlerts } from './alert/kept.ts';
import { Notifier } from './alert/notifier.ts';
import { type ConsoleFiles, readConsole } from './console/files.ts';
import type { ToControl, ToIdentity, Told } from './desk/questions.ts';
import { Feed } from './feed/feed.ts';
import { LogFeed } from './feed/log-feed.ts';
import { History } from './history/history.ts';
import { RingFile } from './history/ring-file.ts';
import { sample } from './history/sampler.ts';
import { answer } from './http/answer.ts';
import { Credentials } from './http/credentials.ts';
import { Idempotency } from './http/idempotency.ts';
import { Connections, serve } from './http/server.ts';
import type { ApiNews, ApiService, ToApi } from './messages.ts';
import { RemoteDesk } from './remote-desk.ts';
import { Router } from './route/match.ts';
import type { Reply } from './route/route.ts';
import { ROUTES } from './route/table.ts';

const UNPRIVILEGED_USER = 'nobody';
/** Traffic and elections go first. */
const NICE = 5;
/** Answers that are under way may end. */
const LEAVE_MS = 1000;
/** Whose answer was the last one is closed. */
const IDLE_LOOK_MS = 20;

const line: Line<ToControl | ToIdentity, ApiNews> = new Line(message => process.send?.(message, () => {})); // control may be gone
const tell = (level: 'error' | 'notice') => (message: string) =>
  line.tell({ kind: 'log', level, message: oneLine(message) });

/** Nothing that a client sent begins a line of the log. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').slice(0, 2000);

const desk = new RemoteDesk(question => line.ask<Told>(question));
const credentials = new Credentials(tell('notice'), times => line.tell({ kind: 'seen', times }));
const feed = new Feed(desk, credentials);
const logFeed = new LogFeed(desk, credentials);
const servers: Server[] = [];

const over = new AbortController();
const OWNER_ONLY = 0o600;

const openOwn = (path: string): number =>
  openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, OWNER_ONLY);

function openAlerts({ model, alertsPath }: ApiService, notifier: Notifier): Alerts {
  const rules = rulesOf(model.alerts, model.alertsOff);
  try {
    const kept = new KeptAlerts(openOwn(alertsPath), tell('error'));
    return new Alerts(rules, notifier.put, kept.write, kept.read());
  } catch (fault) {
    tell('error')(`alerts are not kept over a restart: ${(fault as Error).message}`);
    return new Alerts(rules, notifier.put);
  }
}

/** As root still: the folder is its owner's. */
function openHistory(path: string): History {
  const tellFault = tell('error');
  const nowS = Math.floor(Date.now() / 1000);
  try {
    return new History(new RingFile(openOwn(path)), nowS, tellFault);
  } catch (fault) {
    tellFault(`metrics are not kept over a restart: ${(fault as Error).message}`);
    return new History(undefined, nowS, tellFault);
  }
}

function begin(service: ApiService): void {
  const { model, firstFd, user, historyPath } = service;
  setPriority(NICE);
  const router = new Router(ROUTES);
  const connections = new Connections();
  const history = openHistory(historyPath);
  const notifier = new Notifier(model.notify, tell('error'));
  const alerts = openAlerts(service, notifier);
  const autoscaler = new Autoscaler(model.autoscale, {
    ...{ past: history, act, signal: over.signal },
    tell: (level, message) => tell(level)(message),
  });
  const take = (nowS: number, values: Map<string, number>) => {
    autoscaler.judge(values, nowS * 1000);
    history.record(nowS, values);
    alerts.judge(values, nowS * 1000);
  };
  const cpu = new CpuWatch(model.autoscale, {
    nowMs: () => performance.now(),
    tell: tell('error'),
    signal: over.signal,
  });
  void sample(desk, take, over.signal, model.autoscale, cpu);
  over.signal.addEventListener('abort', () => history.close());
  const means = {
    ...{ router, credentials, desk, history, alerts, hosts: model.hosts, isTls: model.tls !== undefined },
    files: openConsole(model.console),
    repeats: new Idempotency<Reply>(() => performance.now()),
    channels: () => notifier.states,
    stream: feed.join,
    follow: logFeed.join,
    tell: tell('error'),
  };
  for (const at of model.listens.keys())
    servers.push(
      serve(firstFd + at, model.tls, connections, (request, response, arrival) => {
        response.on('error', () => {}); // the client has gone
        void answer(request, response, means, arrival);
      }),
    );
  if (process.getuid?.() !== 0) return;
  if (user) setUser(user.name, user.group);
  else setUser(UNPRIVILEGED_USER);
}

/** Without it, programs are served all the same. */
function openConsole(where: ApiService['model']['console']): ConsoleFiles | undefined {
  try {
    return readConsole(where);
  } catch (fault) {
    tell('error')(`there is no console: ${(fault as Error).message}`);
    return undefined;
  }
}

function work(demand: ToApi): unknown {
  if (demand.kind === 'leave') return leave();
  credentials.believe(demand.believed);
  if (demand.kind === 'serve') begin(demand.service);
  return undefined;
}

/** Streams end, and connections that ask nothing; what is asked is answered. */
async function leave(): Promise<void> {
  over.abort(); // a successor writes the files
  const closed = servers.map(server => new Promise(done => server.close(done)));
  feed.close();
  logFeed.close();
  const idle = setInterval(() => {
    for (const server of servers) server.closeIdleConnections();
  }, IDLE_LOOK_MS);
  await Promise.all(closed);
  clearInterval(idle);
}

process.on('message', message => line.take(message as Said<ToApi>, work));
process.on('disconnect', () => {
  over.abort();
  for (const server of servers) server.close();
  feed.close();
  logFeed.close();
  for (const server of servers) server.closeIdleConnections();
  setTimeout(() => process.exit(0), LEAVE_MS).unref();
});
leaveSignalsToParent();
