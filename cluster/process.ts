/** The cluster process: VRRP alone, with real-time priority, so that nothing else delays an advertisement. */
import { FIRST_DESCRIPTOR } from '#kit/asked-child.ts';
import { leaveSignalsToParent, obey } from '#kit/obedience.ts';
import { holdLife, leaveLife } from '#native/life.ts';
import { lockMemory, setRealtime } from '#native/realtime.ts';
import type { Log } from './log.ts';
import type { FromNode, ToNode } from './messages.ts';
import { Node } from './node.ts';

/** Running for so long without a wait is an endless loop. */
const RUNTIME_LIMIT_US = 2_000_000;

const say = (message: FromNode) => process.send?.(message, () => {}); // control is gone: the end comes by 'disconnect'
const tell = (level: keyof Log) => (message: string) => void say({ kind: 'log', level, message });
const log: Log = { error: tell('error'), warn: tell('warn'), notice: tell('notice') };

// From now on control's watcher speaks in this one's stead when it dies.
holdLife(FIRST_DESCRIPTOR);

let node: Node | undefined;
let wantedPriority = 0;

/** Without it all goes on, less punctually. */
function beOnTime(priority: number): string | undefined {
  if (priority === 0) return 'realtime_priority is 0';
  try {
    setRealtime(priority, RUNTIME_LIMIT_US);
    lockMemory();
    return undefined;
  } catch (fault) {
    const { message } = fault as Error;
    log.warn(`vrrp: ${message}: advertisements may be late when the machine is busy`);
    return message;
  }
}

function nodeNow(): Node {
  node ??= new Node({ log, moved: standings => void say({ kind: 'standing', standings }) });
  return node;
}

function work(order: ToNode): unknown {
  switch (order.kind) {
    case 'prepare':
      return nodeNow().prepare(order.model);
    case 'configure':
      if (order.model.realtimePriority !== wantedPriority || !node) {
        wantedPriority = order.model.realtimePriority;
        nodeNow().realtime = beOnTime(wantedPriority);
      }
      return nodeNow().configure(order.model, order.revision);
    case 'figures':
      return node?.figures();
    case 'order':
      return nodeNow().order(order.order);
    case 'health':
      return node?.heard(order.health);
    case 'stop':
      return node?.stop();
    case 'leave':
      return node?.leave();
  }
}

/** All that was to be said is said. */
function end(): never {
  leaveLife();
  process.exit(0);
}

// Control is dead: nobody would speak in this one's stead, nor start it anew.
process.on('disconnect', () => {
  node?.stop();
  end();
});
obey(work, ({ kind }, fault) => {
  if ((kind === 'stop' || kind === 'leave') && fault === undefined) end();
});
leaveSignalsToParent();
