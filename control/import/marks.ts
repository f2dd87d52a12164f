/** What firewall marks stand for: read from what `iptables-save` and `ip6tables-save` write. */
import { isAddress, virtualAddress } from './address.ts';
import type { Remarks } from './outcome.ts';

interface Marked {
  readonly family: 4 | 6;
  readonly protocols: readonly ('tcp' | 'udp')[];
  readonly address: string;
  /** 0: all of them. */
  readonly port: string;
}

/** The words of a virtual_server line. */
export interface MarkedHead {
  readonly words: readonly string[];
  readonly ports: readonly string[];
  readonly isUdpOnly: boolean;
}

export const unknownMark = (mark: string | undefined): string =>
  `firewall mark ${mark}: name what iptables-save says by --marks, or write its addresses on one line: virtual_server ADDRESS:PORT ADDRESS:PORT tcp ADDRESS:PORT udp { ... }`;

/** Conditions of a rule that say nothing about addresses, or that LVS does not need. */
const PASSED_OVER = new Set(['-A', '-m', '--comment', '-i', '--in-interface']);

export class Marks {
  readonly #rules = new Map<number, Marked[]>();

  /** @param remarks get rules that set a mark under a condition that a virtual server does not know */
  constructor(text: string | undefined, remarks: Remarks) {
    for (const [at, line] of (text ?? '').split('\n').entries()) {
      const options = optionsOf(line);
      const written = options?.get('--set-mark') ?? options?.get('--set-xmark');
      if (!options || written === undefined) continue;
      const mark = Number(written.split('/')[0]);
      const found = markedBy(options);
      if (typeof found === 'string') remarks.rule(at + 1, `a rule that sets mark ${mark}: ${found}`);
      else this.#rules.set(mark, [...(this.#rules.get(mark) ?? []), ...found]);
    }
  }

  /** @returns undefined when no rule sets it for that family */
  headOf(mark: number, family: 4 | 6): MarkedHead | undefined {
    const rules = (this.#rules.get(mark) ?? []).filter(rule => rule.family === family);
    if (rules.length === 0) return undefined;
    const runs = (['tcp', 'udp'] as const).flatMap(protocol => {
      const addresses = rules
        .filter(({ protocols }) => protocols.includes(protocol))
        .map(({ address, port }) => virtualAddress(address, port));
      return addresses.length === 0 ? [] : [...new Set(addresses), protocol];
    });
    return { words: runs, ports: rules.map(({ port }) => port), isUdpOnly: !runs.includes('tcp') };
  }
}

/** Options of a rule that is added by their names; undefined: the line is none, or sets no mark. */
function optionsOf(line: string): Map<string, string> | undefined {
  if (!/^\s*-A .*-j (MARK|CONNMARK) /.test(line)) return undefined;
  const words = line.trim().match(/"[^"]*"|\S+/g) ?? [];
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '!') options.set('!', '');
    else if (word.startsWith('-')) options.set(word, words[at + 1] ?? '');
  }
  return options;
}

const KNOWN = new Set([
  ...['-d', '--destination', '-p', '--protocol', '--dport', '--dports', '--destination-port'],
  ...['-j', '--set-mark', '--set-xmark', ...PASSED_OVER],
]);

/** @returns what the rule marks, or why it cannot be said by addresses */
function markedBy(options: ReadonlyMap<string, string>): Marked[] | string {
  const stranger = [...options.keys()].find(name => !KNOWN.has(name));
  if (stranger !== undefined) return `moat has nothing like its ${stranger}`;
  const to = options.get('-d') ?? options.get('--destination') ?? '';
  const [address = '', bits] = to.split('/');
  const family = address.includes(':') ? 6 : 4;
  if (!isAddress(address)) return 'it names no address';
  if (bits !== undefined && Number(bits) !== (family === 6 ? 128 : 32)) return `write ${to} as FIRST-LAST`;
  const protocol = options.get('-p') ?? options.get('--protocol') ?? 'all';
  if (!['tcp', 'udp', 'all'].includes(protocol)) return `moat forwards tcp and udp, and not ${protocol}`;
  const protocols = protocol === 'all' ? (['tcp', 'udp'] as const) : [protocol as 'tcp' | 'udp'];
  const ports = options.get('--dport') ?? options.get('--dports') ?? options.get('--destination-port') ?? '0';
  return ports.split(',').map(port => ({ family, protocols, address, port: port.replace(':', '-') }));
}
