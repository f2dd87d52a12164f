/** What the operator says of a real server, as words of the command line: how packets come to it, and from whom. */
import { DECAP_ATTACH_MODES, type DecapAttachMode } from '#l4';
import { FORWARD_MODES, TUNNELS } from '#model/l4/virtual-server.ts';
import { usualForm } from '../host/facts.ts';
import { OptionFault } from '../options.ts';
import { PIN_PATH } from './record.ts';

export const PLAN_OPTIONS = {
  mode: { type: 'string' },
  director: { type: 'string', multiple: true },
  tunnel: { type: 'string' },
  port: { type: 'string' },
  interface: { type: 'string', multiple: true },
  attach: { type: 'string' },
  'pin-path': { type: 'string' },
} as const;

export interface JoinPlan {
  readonly mode: 'dr' | 'tun' | 'nat';
  /** In their usual form. */
  readonly addresses: readonly string[];
  /** Of `tun` and `nat`: at least one. */
  readonly directors: readonly string[];
  /** UDP port of GUE; 0: IP in IP only. */
  readonly guePort: number;
  /** Of `tun`; empty: those by which the directors are reached. */
  readonly interfaces: readonly string[];
  readonly attach: DecapAttachMode;
  readonly pinPath: string;
}

interface PlanValues {
  readonly mode?: string | undefined;
  readonly director?: readonly string[] | undefined;
  readonly tunnel?: string | undefined;
  readonly port?: string | undefined;
  readonly interface?: readonly string[] | undefined;
  readonly attach?: string | undefined;
  readonly 'pin-path'?: string | undefined;
}

/** As `tunnel gue` has it in the configuration. */
const GUE_PORT = 6080;

/** @throws {OptionFault} */
export function planOf(values: PlanValues, addresses: readonly string[]): JoinPlan {
  const mode = modeOf(values.mode ?? 'dr');
  const directors = (values.director ?? []).map(addressOf);
  if (mode !== 'dr' && directors.length === 0)
    throw new OptionFault(
      mode === 'tun'
        ? 'mode tun: write --director ADDRESS: the address that its tunnels come from'
        : 'mode nat: write --director ADDRESS: the address that answers go by way of',
    );
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && OPTIONS_OF_TUN.has(name) && mode !== 'tun')
      throw new OptionFault(`--${name} is of mode tun only`);
  if (mode === 'dr' && directors.length > 0) throw new OptionFault('mode dr knows no --director');
  return {
    mode,
    addresses,
    directors,
    guePort: guePortOf(values),
    interfaces: values.interface ?? [],
    attach: oneOf(DECAP_ATTACH_MODES, values.attach ?? 'auto', '--attach'),
    pinPath: values['pin-path'] ?? PIN_PATH,
  };
}

const OPTIONS_OF_TUN: ReadonlySet<string> = new Set(['tunnel', 'port', 'interface', 'attach']);

function modeOf(word: string): JoinPlan['mode'] {
  const mode = oneOf(FORWARD_MODES, word, '--mode');
  if (mode === 'fullnat')
    throw new OptionFault('mode fullnat asks nothing of a real server: it answers the director');
  return mode;
}

function guePortOf({ tunnel = 'ipip', port }: PlanValues): number {
  if (oneOf(TUNNELS, tunnel, '--tunnel') === 'ipip') {
    if (port !== undefined) throw new OptionFault('--port is of --tunnel gue only');
    return 0;
  }
  const number = Number(port ?? GUE_PORT);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new OptionFault(`--port "${port}" is no port: 1..65535`);
  return number;
}

function oneOf<T extends string>(choices: readonly T[], word: string, option: string): T {
  const found = choices.find(choice => choice === word);
  if (found === undefined) throw new OptionFault(`${option} "${word}": one of ${choices.join(', ')}`);
  return found;
}

/** @throws {OptionFault} */
export function addressOf(word: string): string {
  const address = usualForm(word);
  if (address === undefined) throw new OptionFault(`"${word}" is no IP address`);
  if (address.startsWith('127.') || address === '::1') throw new OptionFault(`${word} is every host's own`);
  return address;
}
