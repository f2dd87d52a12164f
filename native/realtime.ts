/** Being on time: real-time priority, and memory that is never paged out. */
import { addon } from './addon.ts';

/**
 * Gives the calling thread a real-time priority (SCHED_RR), which programs that it starts do not inherit.
 *
 * @param priority 1..99 @param limitUs running for longer without a wait ends the process
 * @throws code EPERM without CAP_SYS_NICE, or where the machine allows none
 */
export const setRealtime = (priority: number, limitUs: number): void =>
  addon().setRealtime(priority, limitUs);

/** Keeps in memory all that is touched. @throws code EPERM or ENOMEM without CAP_IPC_LOCK */
export const lockMemory = (): void => addon().lockMemory();
