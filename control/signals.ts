/** What each signal asks of the control process: nginx's table. */
import { constants } from 'node:os';
import { processStat } from './host/process-stat.ts';
import type { Master } from './master.ts';

const TABLE: Partial<Record<NodeJS.Signals, (master: Master) => Promise<void>>> = {
  SIGHUP: master => master.reload(),
  SIGUSR1: master => master.rotate(),
  SIGUSR2: master => master.upgrade(),
  SIGWINCH: master => master.sendWorkersAway(),
  SIGQUIT: master => master.drain(),
  SIGTERM: master => master.stop(),
  SIGINT: master => master.stop(),
};

/** Hears signals from now on. */
export function obeySignals(master: Master): void {
  for (const [name, work] of Object.entries(TABLE)) {
    process.on(name, () => {
      if (name === 'SIGWINCH' && hasTerminal()) return; // somebody resized the window
      master.log.notice(`signal ${constants.signals[name as NodeJS.Signals]} (${name}) received`);
      work(master).catch(fault => master.log.alert(`${name}: ${(fault as Error).stack}`));
    });
  }
}

/** Whether a terminal controls this process (field 7: tty_nr): such a one sends WINCH when its window changes. */
const hasTerminal = (): boolean => processStat('self', 7) !== '0';
