/** Asks the running program about log level and firewall mode, or says what they shall be. */
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { ask } from '../status/client.ts';
import type { Answers } from '../status/server.ts';
import { type LiveOrder, liveOrderText } from './settings.ts';

const FAULTY = 1;
type Shown = Awaited<ReturnType<Answers['live']>>;

/** @returns the exit code */
export function orderLive(path: string, order: LiveOrder): Promise<number> {
  return reached(path, async () => {
    const answer = await ask(path, 'live-order', JSON.stringify(order));
    if ('fault' in answer) complain('error', answer.fault);
    else process.stdout.write(`${liveOrderText(order)}\n`, 'latin1');
    return 'fault' in answer ? FAULTY : 0;
  });
}

/** @returns the exit code */
export function showLive(path: string, json: boolean, text: (shown: Shown) => string): Promise<number> {
  return reached(path, async () => {
    const shown = await ask(path, 'live');
    process.stdout.write(json ? `${JSON.stringify(shown)}\n` : text(shown), 'latin1');
    return 0;
  });
}

async function reached(path: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (fault) {
    complain('error', `no running moat answers at "${path}" ${systemReason(fault)}`);
    return FAULTY;
  }
}
