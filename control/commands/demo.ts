/** `moat demo`: both tiers on hosts of their own where this machine allows it, else the L7 tier alone; until Ctrl-C. */
import { FORWARD_MODES } from '#model/l4/virtual-server.ts';
import { boxMissing } from '../box/missing.ts';
import {
  directorsOf,
  interruption,
  moatWords,
  modeOf,
  numberOf,
  rateOf,
  WITNESS_HELP,
  witnessOf,
} from '../box/options.ts';
import { BoxFault, showBox } from '../box/show.ts';
import { showOneTier } from '../demo/one-tier.ts';
import { readOptions } from '../options.ts';

const OPTIONS = {
  port: { type: 'string' },
  'tls-port': { type: 'string' },
  mode: { type: 'string' },
  rate: { type: 'string' },
  directors: { type: 'string' },
  'console-port': { type: 'string' },
  witness: { type: 'string' },
  'l7-only': { type: 'boolean' },
} as const;

/** When nobody reads its events, it ends as by Ctrl-C. */
export const outlivesReader = true;

/** What `--help` prints. */
export const help = `npm start [-- OPTIONS], or moat demo [OPTIONS]: tries moat on this machine, until Ctrl-C.

As root: both tiers. A client, two directors, two proxies and three servers, each a host of its own (a network
namespace); the client keeps asking, and keys kill, stop, unplug, drain, flood and start again what you choose.
Otherwise, or with --l7-only: the L7 tier in front of three servers, all on the loopback.

  --port N       HTTP on this machine's loopback, and of the virtual address (8080)
  --tls-port N   HTTPS likewise (8443)
  --console-port N  the web console on the loopback, of the first node; those of the others follow (8470)
  --mode MODE    how the director forwards: ${FORWARD_MODES.join(', ')} (dr)
  --rate N       requests a second of the client, 1 to 2000 (200)
  --directors N  2: a pair that has the virtual addresses in turn; 1; or 0: the proxies are that pair (2)
${WITNESS_HELP}  --l7-only      the L7 tier alone
  --help         this text

Without a terminal, events are lines on stdout, and lines on stdin are keys.
`;

/** @returns 0 after Ctrl-C; 1 when it does not start, ends by itself, or leaves something behind */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  const options = {
    http: numberOf(values.port, 8080, 65_535, 'a port'),
    https: numberOf(values['tls-port'], 8443, 65_535, 'a port'),
    mode: modeOf(values.mode),
    perSecond: rateOf(values.rate, 200),
    console: numberOf(values['console-port'], 8470, 65_000, 'a port'),
    directors: directorsOf(values.directors),
    witness: witnessOf(values.witness),
    moat: moatWords(),
  };
  const interrupt = interruption();
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
