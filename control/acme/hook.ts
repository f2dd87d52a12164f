/** dns_hook: a program, without a shell, as another user, for so long and no longer. */
import type { DnsHook } from '#model/l7/acme.ts';
import { endOf, startProgram } from '#native/program.ts';
import { plain } from './fault.ts';
import type { TxtRecord } from './store.ts';

const MOST_SAID = 1024;

/** @param stop ends it, and all that it has started @throws {Error} when it does not end well, or not in time */
export async function runHook(
  hook: DnsHook,
  action: 'present' | 'cleanup',
  record: TxtRecord,
  stop: AbortSignal,
): Promise<void> {
  const [program = ''] = hook.command;
  try {
    stop.throwIfAborted();
    const says = await runOnce(hook, stop, {
      ...{ MOAT_ACME_ACTION: action, MOAT_ACME_DOMAIN: record.domain },
      ...{ MOAT_ACME_NAME: record.name, MOAT_ACME_VALUE: record.value },
    });
    if (says !== undefined) throw new Error(says);
  } catch (fault) {
    throw new Error(`dns_hook ${program} (${action} ${record.name}): ${(fault as Error).message}`, {
      cause: fault,
    });
  }
}

/** @returns what went wrong; undefined: nothing */
async function runOnce(
  { command, user, timeoutMs }: DnsHook,
  stop: AbortSignal,
  added: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const child = startProgram(user, command, added, ['ignore', 'ignore', 'pipe']);
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => {
    said = (said + piece.toString('latin1')).slice(-MOST_SAID);
  });
  const { code, says, isLate } = await endOf(child, stop, timeoutMs);
  if (isLate) return says;
  return code === 0 ? undefined : `${says}${said === '' ? '' : `: ${plain(said)}`}`;
}
