/** The L4 process: holds the director. When it ends, however it does, the kernel goes on forwarding. */
import type { Question } from '#kit/line.ts';
import { Director } from './director.ts';
import type { Teller } from './health/teller.ts';
import type { FromDirector, ToDirector } from './messages.ts';

const say = (message: FromDirector) => process.send?.(message, () => {}); // control is gone: the end comes by 'disconnect'

const tell = (level: 'error' | 'warn' | 'notice') => (message: string) =>
  void say({ kind: 'log', level, message });
const log: Teller = { error: tell('error'), warn: tell('warn'), notice: tell('notice') };

const director = new Director(log);

function work(order: ToDirector): unknown {
  switch (order.kind) {
    case 'configure':
      return director.configure(order.model);
    case 'figures':
      return director.figures();
    case 'flows':
      return director.flows(order.most);
    case 'withdraw':
      return director.withdraw();
    case 'hand-over':
      return director.handOver(() => process.exit(0));
    case 'remove':
      return director.remove();
  }
}

process.on('message', async (order: Question<ToDirector>) => {
  let fault: string | undefined;
  let value: unknown;
  try {
    value = await work(order);
  } catch (error) {
    fault = (error as Error).message;
  }
  process.send?.({ kind: 'answer', id: order.id, fault, value } satisfies FromDirector, () => {
    if (order.kind === 'remove' && fault === undefined) process.exit(0);
  });
});

process.on('disconnect', () => process.exit(0));
// Signals of a terminal are for control, which says what is to be done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const)
  process.on(signal, () => {});
