/** `moat l4 withdraw`: what a moat that has ended left in the kernel forwards no more. */
import { loadWithdraw } from '#l4';
import { L4_PIN_PATH } from '#model/l4/l4.ts';
import { complain } from '../complaint.ts';
import { systemReason } from '../load.ts';
import { ask } from '../status/client.ts';

/**
 * @param socket of `moat status` @param pinPath of the configuration, the default one where it has no l4 block
 * @returns 1 when a moat runs, or it could not be done
 */
export async function withdraw(socket: string, pinPath = L4_PIN_PATH): Promise<number> {
  const isRunning = await ask(socket, 'status').then(
    () => true,
    () => false,
  );
  if (isRunning) {
    complain('error', 'moat runs: take the l4 block out of its configuration and reload, or stop it first');
    return 1;
  }
  try {
    const { withdrawForwarding } = await loadWithdraw();
    const names = withdrawForwarding(pinPath);
    process.stdout.write(names.length === 0 ? 'nothing was there\n' : `taken off ${names.join(', ')}\n`);
    return 0;
  } catch (fault) {
    complain('error', `l4: what is in the kernel cannot be taken out ${systemReason(fault)}`);
    return 1;
  }
}
