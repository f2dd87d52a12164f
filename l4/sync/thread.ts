/** The thread of the sync: its own loop, so that neither health checks nor the lease wait for a snapshot, nor it for them. */
import { parentPort, workerData } from 'node:worker_threads';
import { FlowSync } from './flow-sync.ts';
import type { FromSyncThread, SyncFigures, SyncState, SyncThreadOptions, ToSyncThread } from './messages.ts';
import { VERSION } from './packet.ts';
import { Path } from './paths.ts';

const REPORT_MS = 200;
/** So many packets on their way do not put a director out of step. */
const LITTLE = 64;

const { folder, model, alive } = workerData as SyncThreadOptions;
const say = (message: FromSyncThread) => parentPort!.postMessage(message);
const nowMs = () => performance.now();

const sync = new FlowSync({
  ...{ folder, nowMs, key: model.key, alive },
  told: reals => say({ kind: 'peer', reals }),
  send: datagram => {
    for (const path of paths) path.send(datagram);
  },
});
const paths: readonly Path[] = model.paths.map(
  (path, at) =>
    new Path(path, {
      ...{ port: model.port, nowMs },
      hear: datagram => sync.receive(datagram, at),
      stranger: () => sync.refuse('stranger'),
    }),
);

let state: SyncState = 'alone';
let sinceMs = nowMs();
/**
 * So long it has waited to be in step: since the start, or since they met. Only while it ran: on a machine so busy that this thread
 * gets no turn, the other one has had no chance to be heard.
 */
let waitedMs = 0;
let otherVersion: number | undefined;

const stateNow = (): SyncState => {
  if (!sync.session.isMet) return 'alone';
  if (sync.session.isInStep) return 'in-step';
  // While something is on its way, all before it is known.
  const hasLittleToCome = sync.session.isWalked && sync.session.figures().missing < LITTLE;
  return state === 'in-step' && hasLittleToCome ? 'in-step' : 'joining';
};

const SAYS: Readonly<Record<SyncState, string>> = {
  alone: 'the other director is not heard',
  joining: 'the other director is there, its flows are on their way',
  'in-step': 'the flows of the other director are known here',
};

function look(): void {
  const next = stateNow();
  if (next !== state) {
    if (next === 'joining') waitedMs = 0;
    sinceMs = nowMs();
    state = next;
    say({ kind: 'log', level: next === 'alone' ? 'warn' : 'notice', message: `flow sync: ${SAYS[next]}` });
  }
  const figures = sync.figures();
  if (figures.otherVersion !== undefined && figures.otherVersion !== otherVersion)
    say({
      ...{ kind: 'log', level: 'warn' },
      message: `flow sync: the other director speaks version ${figures.otherVersion}, this one ${VERSION}: flows are not kept in step until both run the same moat`,
    });
  otherVersion = figures.otherVersion;
  waitedMs += REPORT_MS;
  const isReady = state === 'in-step' || waitedMs >= model.waitMs;
  const { user, system } = process.threadCpuUsage();
  const report: SyncFigures = {
    ...figures,
    ...{ state, isReady, sinceMs: Math.round(nowMs() - sinceMs) },
    paths: paths.map(path => path.figures()),
    cpuMs: Math.round((user + system) / 1000),
  };
  say({ kind: 'figures', figures: report });
}

const report = setInterval(look, REPORT_MS);

parentPort!.on('message', (order: ToSyncThread) => {
  if (order.kind === 'tables') return sync.tablesChanged(order.alive);
  clearInterval(report);
  for (const path of paths) path.close();
  sync[Symbol.dispose]();
  parentPort!.close();
});
