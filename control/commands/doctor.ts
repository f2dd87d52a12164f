/** `moat doctor`: what on this host is in the way of the L4 tier, and what to do about it. */
import { complainOf } from '../complaint.ts';
import { kernelFindings } from '../doctor/kernel.ts';
import { thisMachine } from '../doctor/machine.ts';
import { networkFindings } from '../doctor/network.ts';
import { findingsText, hasFault } from '../host/finding.ts';
import { load } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';

const FAULTY = 1;

/** @returns 1 when something will not work, 0 otherwise */
export function run(args: readonly string[]): number {
  const { values } = readOptions(args, { ...CONFIG_OPTIONS, json: { type: 'boolean' } });
  const { model, diagnostics } = load(invocationFrom(values));
  complainOf(diagnostics, true);
  if (!model) return FAULTY;
  const looked = { machine: thisMachine(), l4: model.l4 };
  const findings = [...kernelFindings(looked), ...networkFindings(looked)];
  if (values.json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else process.stdout.write(findingsText(findings));
  return hasFault(findings) ? FAULTY : 0;
}
