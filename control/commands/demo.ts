/** `moat demo`: both tiers on hosts of their own where this machine allows it, else the L7 tier alone; until Ctrl-C. */
import { FORWARD_MODES, type ForwardMode } from '#model/l4/virtual-server.ts';
import { boxMissing } from '../box/missing.ts';
import { BoxFault, showBox } from '../box/show.ts';
import { showOneTier } from '../demo/one-tier.ts';
import { OptionFault, readOptions } from '../options.ts';

const OPTIONS = {
  port: { type: 'string' },
  'tls-port': { type: 'string' },
  mode: { type: 'string' },
  rate: { type: 'string' },
  directors: { type: 'string' },
  'l7-only': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const HELP = `npm start [-- OPTIONS], or moat demo [OPTIONS]: tries moat on this machine, until Ctrl-C.

As root: both tiers. A client, two directors, two proxies and three servers, each a host of its own (a network
namespace); the client keeps asking, and keys kill, stop, unplug, drain, flood and start again what you choose.
Otherwise, or with --l7-only: the L7 tier in front of three servers, all on the loopback.

  --port N       HTTP on this machine's loopback, and of the virtual address (8080)
  --tls-port N   HTTPS likewise (8443)
  --mode MODE    how the director forwards: ${FORWARD_MODES.join(', ')} (dr)
  --rate N       requests a second of the client, 1 to 2000 (200)
  --directors N  2: a pair that has the virtual addresses in turn; 1; or 0: the proxies are that pair (2)
  --l7-only      the L7 tier alone
  --help         this text

Without a terminal, events are lines on stdout, and lines on stdin are keys.
`;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const MOST_RATE = 2000;

/** @returns 0 after Ctrl-C; 1 when it does not start, ends by itself, or leaves something behind */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const options = {
    http: numberOf(values.port, 8080, 65_535, 'a port'),
    https: numberOf(values['tls-port'], 8443, 65_535, 'a port'),
    mode: modeOf(values.mode),
    perSecond: numberOf(values.rate, 200, MOST_RATE, `a rate from 1 to ${MOST_RATE}`),
    directors: directorsOf(values.directors),
    moat: [process.execPath, ...process.execArgv, process.argv[1] ?? ''] as const,
  };
  const interrupt = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interrupt.abort());
  const done = values['l7-only'] ? undefined : await tryBox(options, interrupt);
  return done ?? showOneTier(options, options.moat, interrupt.signal);
}

/** Undefined: there can be none here, and it was told why. */
async function tryBox(
  options: Parameters<typeof showBox>[0],
  interrupt: AbortController,
): Promise<number | undefined> {
  const missing = boxMissing();
  if (missing) return alone(`${missing.what}. For both tiers: ${missing.remedy}`);
  try {
    return await showBox(options, interrupt);
  } catch (fault) {
    if (fault instanceof BoxFault) return alone(`both cannot be built here: ${fault.message.trimEnd()}`);
    const { code, message } = fault as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw fault;
    process.stderr.write(`moat demo: ${message}: choose others by --port and --tls-port\n`);
    return 1;
  }
}

function alone(why: string): undefined {
  process.stderr.write(`moat demo: the L7 tier alone: ${why}\n`);
}

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
