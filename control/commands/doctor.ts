/** `moat doctor`: what on this host is in the way of the L4 tier, and what to do about it. */
import { existsSync } from 'node:fs';
import type { Model } from '#model/main.ts';
import { complainOf } from '../complaint.ts';
import { askNetworks } from '../doctor/answers.ts';
import { kernelFindings } from '../doctor/kernel.ts';
import { thisMachine } from '../doctor/machine.ts';
import { networkFindings } from '../doctor/network.ts';
import { type Finding, findingsText, hasFault } from '../host/finding.ts';
import { load } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';

const FAULTY = 1;

/** @returns 1 when something will not work, 0 otherwise */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, { ...CONFIG_OPTIONS, json: { type: 'boolean' } });
  const invocation = invocationFrom(values);
  const isNamed = values.config !== undefined || values.prefix !== undefined;
  const read = isNamed || existsSync(Buffer.from(invocation.file, 'latin1')) ? load(invocation) : undefined;
  complainOf(read?.diagnostics ?? [], true);
  if (read && !read.model) return FAULTY;
  const findings = await findingsOf(read?.model);
  if (values.json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else process.stdout.write(findingsText(findings));
  return hasFault(findings) ? FAULTY : 0;
}

async function findingsOf({ l4, cluster }: Partial<Pick<Model, 'l4' | 'cluster'>> = {}): Promise<Finding[]> {
  const machine = thisMachine();
  const { answers, trouble } = await askNetworks(l4, machine.links);
  const looked = { machine, l4, routers: cluster?.instances ?? [], answers };
  const found = [...kernelFindings(looked), ...networkFindings(looked)];
  if (trouble === undefined) return found;
  return [
    ...found,
    {
      level: 'warning',
      what: `the network cannot be asked who has which address: ${trouble}`,
      remedy: 'run moat as root',
    },
  ];
}
