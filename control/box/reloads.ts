/** Reloads of moat on a box's nodes, as an operator does them, and what the program says of itself afterwards. */
import { join } from 'node:path';
import { askStatus } from '../status/client.ts';
import type { StatusReport } from '../status/report.ts';
import { until } from './net/host.ts';
import type { Node } from './node.ts';

export const configurationOf = ({ dir }: Node): string => join(dir, 'moat.conf');

export const statusOf = (node: Node): Promise<StatusReport> => askStatus(node.socketPath);

/** `moat reload`. @returns why it was refused at once; undefined: the running program was told */
export async function askReload(moat: readonly string[], node: Node): Promise<string | undefined> {
  const { status, stderr } = await node.host.run(...moat, 'reload', '-c', configurationOf(node));
  return status === 0 ? undefined : stderr.trim() || `exit code ${status}`;
}

/** Waits until the program has taken, or refused, what it was told to read. @returns the refusal; undefined: it is in force */
export async function reloadEnd(node: Node, before: StatusReport): Promise<string | undefined> {
  let now = before;
  const isOver = async () => {
    now = await statusOf(node);
    return now.revision !== before.revision || now.refusal !== before.refusal;
  };
  await until(isOver, `${node.name} to end its reload`);
  return now.revision === before.revision ? now.refusal : undefined;
}

/** Both. @returns why it is not in force */
export async function reload(moat: readonly string[], node: Node): Promise<string | undefined> {
  const before = await statusOf(node);
  return (await askReload(moat, node)) ?? (await reloadEnd(node, before));
}
