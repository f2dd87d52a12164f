/** `moat real-server`: the other end of direct routing. */
import { say } from '../complaint.ts';
import { usualForm } from '../host/facts.ts';
import { findingsText, hasFault } from '../host/finding.ts';
import { OptionFault, readOptions } from '../options.ts';
import { join, leave } from '../real-server/join.ts';
import { RECORD_PATH, readRecord } from '../real-server/record.ts';
import { reviewRealServer } from '../real-server/review.ts';

const OPTIONS = { json: { type: 'boolean' }, record: { type: 'string' } } as const;

const FAULTY = 1;

/** @returns 0; 1 when something could not be done, or is not as it must be */
export function run(args: readonly string[]): number {
  const { values, positionals } = readOptions(args, OPTIONS, Number.POSITIVE_INFINITY);
  const [verb = '', ...words] = positionals;
  const recordPath = values.record ?? RECORD_PATH;
  const addresses = words.map(addressOf);
  if (verb === 'status') return status(addresses, recordPath, values.json ?? false);
  if (verb === 'join' && addresses.length > 0) return change(() => join(addresses, recordPath));
  if (verb === 'leave' && addresses.length === 0) return change(() => leave(recordPath));
  throw new OptionFault(verb === 'join' ? 'join which address?' : 'write join ADDRESS ..., status or leave');
}

function addressOf(word: string): string {
  const address = usualForm(word);
  if (address === undefined) throw new OptionFault(`"${word}" is no IP address`);
  if (address.startsWith('127.') || address === '::1') throw new OptionFault(`${word} is every host's own`);
  return address;
}

function change(work: () => string[]): number {
  try {
    const done = work();
    say(done.length === 0 ? 'nothing to do\n' : done.map(line => `${line}\n`).join(''));
    return 0;
  } catch (fault) {
    say(`moat real-server: ${(fault as Error).message}\n`);
    return FAULTY;
  }
}

/** Of the addresses that are named, or those that have joined. */
function status(named: readonly string[], recordPath: string, asJson: boolean): number {
  const addresses = named.length > 0 ? named : readRecord(recordPath).addresses;
  const findings = reviewRealServer(addresses);
  if (asJson) process.stdout.write(`${JSON.stringify({ addresses, findings })}\n`);
  else if (addresses.length === 0) process.stdout.write('this host has joined no virtual address\n');
  else process.stdout.write(findingsText(findings));
  return hasFault(findings) ? FAULTY : 0;
}
