/** `moat tail`: what is written into the logs of a configuration, by fields, as it comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { complain, complainOf } from '../complaint.ts';
import { load, systemReason } from '../load.ts';
import { FilterFault, filterOf } from '../logs/filter.ts';
import { LOG_KINDS, type LogFile, type LogKind, logFilesOf } from '../logs/log-files.ts';
import { endOfLog, type LogAnswer, MOST_SEARCHED_BYTES, type ShownLine, searchLog } from '../logs/search.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';

const FAULTY = 1;
const SHOWN = 10;
const MOST_LINES = 100_000;
const LOOK_MS = 300;
const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  once: { type: 'boolean' },
  field: { type: 'string', multiple: true },
  lines: { type: 'string', short: 'n' },
} as const;

/** @returns 1 when no log can be read; without `--once` it goes on until it is ended */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 1);
  const [kind = 'access'] = positionals;
  if (!isKind(kind)) throw new OptionFault(`"${kind}" is not one of ${LOG_KINDS.join(', ')}`);
  const lines = Number(values.lines ?? SHOWN);
  if (!Number.isInteger(lines) || lines < 0 || lines > MOST_LINES)
    throw new OptionFault(`--lines "${values.lines}" is no number up to ${MOST_LINES}`);
  const conditions = values.field ?? [];
  refuseOdd(conditions);
  const invocation = invocationFrom(values);
  const { model, diagnostics } = load(invocation);
  complainOf(diagnostics, true);
  if (!model) return FAULTY;
  const files = logFilesOf(model, invocation).filter(one => one.kind === kind);
  if (files.length === 0) {
    complain('error', `this configuration writes no ${kind} log into a file`);
    return FAULTY;
  }
  const show = shower(values.json === true, files.length > 1);
  const tails = files.flatMap(file => begin(file, conditions, lines, show) ?? []);
  if (tails.length === 0) return FAULTY;
  if (values.once) {
    if (lines > 0 && tails.every(({ shown }) => shown === 0)) tails.forEach(tellNothing(conditions));
    return 0;
  }
  for (;;) {
    await sleep(LOOK_MS);
    for (const { showMore } of tails) showMore();
  }
}

const isKind = (word: string): word is LogKind => LOG_KINDS.some(kind => kind === word);

/** @throws {OptionFault} */
function refuseOdd(conditions: readonly string[]): void {
  try {
    filterOf(conditions);
  } catch (fault) {
    if (fault instanceof FilterFault) throw new OptionFault(`--field: ${fault.message}`);
    throw fault;
  }
}

type Show = (file: LogFile, lines: readonly ShownLine[]) => void;

interface Tail {
  readonly file: LogFile;
  /** How many of the last lines. */
  readonly shown: number;
  /** Whether there is more before what was read. */
  readonly isCut: boolean;
  /** Those that came since. */
  readonly showMore: () => void;
}

/** Shows the last lines. @returns undefined: it cannot be read */
function begin(file: LogFile, conditions: readonly string[], lines: number, show: Show): Tail | undefined {
  let after: string | undefined;
  let found: Pick<LogAnswer, 'lines' | 'next'> = { lines: [], next: undefined };
  try {
    after = endOfLog(file);
    if (lines > 0) found = searchLog({ file, conditions, lines, before: after });
    show(file, found.lines.toReversed());
  } catch (fault) {
    complain('error', `cannot read "${file.path}" ${systemReason(fault)}`);
    return undefined;
  }
  const showMore = () => {
    try {
      for (let more = true; more; ) {
        const found = searchLog({ file, conditions, lines: MOST_LINES, after });
        show(file, found.lines);
        after = found.next;
        more = found.readBytes > 0;
      }
    } catch {
      // it was moved away, and the next one is not there yet
    }
  };
  return { file, showMore, shown: found.lines.length, isCut: found.next !== undefined };
}

/** What was looked for, and where it is not: on stderr, so that nobody who reads lines takes it for one. */
const tellNothing =
  (conditions: readonly string[]) =>
  ({ file: { path }, isCut }: Tail): void => {
    const what = conditions.length === 0 ? 'no line' : `no line with ${conditions.join(' and ')}`;
    const where = isCut ? `the last ${MOST_SEARCHED_BYTES >> 20} MiB of "${path}"` : `"${path}"`;
    complain('notice', `there is ${what} in ${where}`);
  };

/** A head before lines of another file than those before. */
function shower(asJson: boolean, hasHeads: boolean): Show {
  let last: LogFile | undefined;
  return (file, lines) => {
    if (lines.length === 0) return;
    if (hasHeads && !asJson && last !== file) process.stdout.write(`==> ${file.path} <==\n`, 'latin1');
    last = file;
    const text = (line: ShownLine) =>
      asJson
        ? JSON.stringify({ file: file.path, text: line.text, fields: line.fields })
        : harmless(line.text);
    process.stdout.write(lines.map(line => `${text(line)}\n`).join(''), 'latin1');
  };
}

/** A format without escapes writes what strangers send: a terminal would obey it. */
const harmless = (text: string): string =>
  text.replace(
    /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/g,
    chars => `\\x${Buffer.from(chars, 'latin1').toString('hex')}`,
  );
