/** Being on time: real-time priority, and a program that is never paged out. */
import { addon } from './addon.ts';

/**
 * Gives the calling thread a real-time priority (SCHED_RR), which programs that it starts do not inherit.
 *
 * @param priority 1..99 @param limitUs running for longer without a wait ends the process
 * @throws code EPERM without CAP_SYS_NICE, or where the machine allows none
 */
export const setRealtime = (priority: number, limitUs: number): void =>
  addon().setRealtime(priority, limitUs);

/**
 * Keeps in memory what is touched of the program, its libraries, its stack and what C has allocated. Not the heap of JavaScript: V8 gives
 * pages of it back by madvise(2), which the kernel refuses of locked ones, and then V8 ends the process.
 *
 * @throws code EPERM or ENOMEM without CAP_IPC_LOCK
 */
export const lockMemory = (): void => addon().lockMemory();
