/** What `moat demo` and `moat drill` are both told on their command lines, and how both are ended. */
import { FORWARD_MODES, type ForwardMode } from '#model/l4/virtual-server.ts';
import { OptionFault } from '../options.ts';
import { isProgram } from './net/command.ts';
import { WITNESSES, type WitnessKind } from './plan.ts';

const MOST_RATE = 2000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @param usual where nothing is said @throws {OptionFault} unless it is a whole number from 1 to `most` */
export function numberOf(text: string | undefined, usual: number, most: number, what: string): number {
  const number = text === undefined ? usual : Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new OptionFault(`"${text}" is not ${what}`);
  return number;
}

export function directorsOf(text = '2'): 0 | 1 | 2 {
  if (text === '0' || text === '1' || text === '2') return Number(text) as 0 | 1 | 2;
  throw new OptionFault(`"${text}" is not a number of directors: 0, 1 or 2`);
}

export function modeOf(text = 'dr'): ForwardMode {
  const mode = FORWARD_MODES.find(one => one === text);
  if (!mode) throw new OptionFault(`"${text}" is not one of ${FORWARD_MODES.join(', ')}`);
  return mode;
}

export const WITNESS_HELP = `  --witness KIND ${WITNESSES.join(', ')}: whom the pair asks while its nodes do not hear each other (none)
`;

/** @throws {OptionFault} also where its program is not installed */
export function witnessOf(text = 'none'): WitnessKind {
  const witness = WITNESSES.find(one => one === text);
  if (!witness) throw new OptionFault(`"${text}" is not one of ${WITNESSES.join(', ')}`);
  if (witness === 'redis' && !isProgram('redis-server'))
    throw new OptionFault(
      'there is no redis-server here: apt-get install redis-server, or say --witness reach',
    );
  return witness;
}

/** Requests a second of the client. @throws {OptionFault} */
export const rateOf = (text: string | undefined, usual: number): number =>
  numberOf(text, usual, MOST_RATE, `a rate from 1 to ${MOST_RATE}`);

/** The words that run the moat that runs here. */
export const moatWords = (): readonly [string, ...string[]] => [
  process.execPath,
  ...process.execArgv,
  process.argv[1] ?? '',
];

/** Aborted by each signal that asks for the end, and when nobody reads on what is told (`| head`), from now on. */
export function interruption(): AbortController {
  const interrupt = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interrupt.abort());
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort());
  return interrupt;
}
