/** The L4 process: holds the director. When it ends, however it does, the kernel goes on forwarding. */
import { leaveSignalsToParent, obey } from '#kit/obedience.ts';
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

obey(work, (order: ToDirector, fault) => {
  if (order.kind === 'remove' && fault === undefined) process.exit(0);
});
leaveSignalsToParent();
