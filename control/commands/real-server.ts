/** `moat real-server`: the other end of a director: its virtual addresses, its tunnels, its way back. */
import { say } from '../complaint.ts';
import { findingsText, hasFault } from '../host/finding.ts';
import { OptionFault, readOptions } from '../options.ts';
import { join, leave } from '../real-server/join.ts';
import { addressOf, PLAN_OPTIONS, planOf } from '../real-server/plan.ts';
import { type JoinRecord, NO_RECORD, RECORD_PATH, readRecord } from '../real-server/record.ts';
import { reviewRealServer } from '../real-server/review.ts';

const OPTIONS = { ...PLAN_OPTIONS, json: { type: 'boolean' }, record: { type: 'string' } } as const;

const FAULTY = 1;

/** @returns 0; 1 when something could not be done, or is not as it must be */
export function run(args: readonly string[]): number {
  const { values, positionals } = readOptions(args, OPTIONS, Number.POSITIVE_INFINITY);
  const [verb = '', ...words] = positionals;
  const { json = false, record: recordPath = RECORD_PATH, ...plan } = values;
  const addresses = words.map(addressOf);
  if (verb === 'join') {
    if (addresses.length === 0) throw new OptionFault('join which address?');
    const planned = planOf(plan, addresses);
    return attempt(() => {
      tell(join(planned, recordPath));
      return warnOf(readRecord(recordPath));
    });
  }
  const [extra] = Object.keys(plan);
  if (extra !== undefined) throw new OptionFault(`--${extra} belongs to join`);
  if (verb === 'status') return attempt(() => status(addresses, recordPath, json));
  if (verb !== 'leave' || addresses.length > 0)
    throw new OptionFault('write join ADDRESS ..., status or leave');
  return attempt(() => {
    tell(leave(recordPath));
    return 0;
  });
}

function attempt(work: () => number): number {
  try {
    return work();
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    const isDenied = process.getuid?.() !== 0 && (code === 'EACCES' || code === 'EPERM');
    say(`moat real-server: ${message}${isDenied ? ': run it as root' : ''}\n`);
    return FAULTY;
  }
}

const tell = (done: readonly string[]) =>
  say(done.length === 0 ? 'nothing to do\n' : done.map(line => `${line}\n`).join(''));

/** What join does not change for the operator, he is told. */
function warnOf(record: JoinRecord): number {
  const findings = reviewRealServer(record).filter(({ level }) => level !== 'fine');
  process.stderr.write(findingsText(findings));
  return hasFault(findings) ? FAULTY : 0;
}

/** Of the addresses that are named, as in mode dr, or of what has joined. */
function status(named: readonly string[], recordPath: string, asJson: boolean): number {
  const joined = readRecord(recordPath);
  const record = named.length > 0 ? { ...NO_RECORD, addresses: named } : joined;
  const findings = reviewRealServer(record);
  const addresses = [...record.addresses, ...(record.nat?.addresses ?? [])];
  if (asJson) process.stdout.write(`${JSON.stringify({ addresses, findings })}\n`);
  else if (addresses.length === 0) process.stdout.write('this host has joined no virtual address\n');
  else process.stdout.write(findingsText(findings));
  return hasFault(findings) ? FAULTY : 0;
}
