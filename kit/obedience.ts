/** The other side of `asked-child.ts`: a process that does what its parent asks, and ends when that is gone. */
import type { ChildAnswer } from './asked-child.ts';
import type { Question } from './line.ts';

/**
 * Answers each demand with what `work` makes of it, or with the words of its fault.
 *
 * @param told is called when the parent has the answer
 */
export function obey<Demand extends object>(
  work: (demand: Question<Demand>) => unknown,
  told: (demand: Question<Demand>, fault: string | undefined) => void = () => {},
): void {
  process.on('message', async (demand: Question<Demand>) => {
    let fault: string | undefined;
    let value: unknown;
    try {
      value = await work(demand);
    } catch (error) {
      fault = (error as Error).message;
    }
    const answer: ChildAnswer = { kind: 'answer', id: demand.id, fault, value };
    process.send?.(answer, () => told(demand, fault)); // the parent may be gone: the end comes by 'disconnect'
  });
  process.on('disconnect', () => process.exit(0));
}

/** Signals of a terminal are for control, which says what is to be done. */
export function leaveSignalsToParent(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const)
    process.on(signal, () => {});
}
