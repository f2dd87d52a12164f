/** The witness: who is asked when two nodes cannot hear each other. */
import { isIP, isIPv6 } from 'node:net';
import type { ReachTarget, WitnessModel } from '#model/cluster/heartbeat.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { addressOf } from '../l4-address.ts';
import type { Token } from '../lex.ts';
import { type Directive, defineDirective } from '../registry.ts';

const KINDS = ['etcd', 'redis', 'reach'] as const;
const SCHEMES = { etcd: ['http:', 'https:'], redis: ['redis:'] } as const;
/** Without a fence the kernel takes a little more than a second to take an address away; etcd grants two at least. */
const TTL_MS = { least: 3000, standard: 5000, most: 600_000 };
const KEY = 'moat/active';
const MOST_TARGETS = 16;

function urlOf(kind: 'etcd' | 'redis', words: readonly Token[]): string {
  const [word, more] = words;
  if (!word) throw new ArgumentFault(`${kind} at which URL?`, `write witness ${kind} URL`);
  if (more) throw new ArgumentFault(`"${more.text}" is one word too many`, undefined, more);
  const url = URL.canParse(word.text) ? new URL(word.text) : undefined;
  const schemes: readonly string[] = SCHEMES[kind];
  if (!url || !schemes.includes(url.protocol) || url.hostname === '')
    throw new ArgumentFault(
      `"${word.text}" is no address of ${kind}`,
      `it begins with ${schemes.map(one => `${one}//`).join(' or ')}`,
      word,
    );
  return word.text;
}

function reachOf(words: readonly Token[]): WitnessModel {
  const [least, ...rest] = words;
  const number = /^[1-9]\d?$/.test(least?.text ?? '') ? Number(least!.text) : 0;
  if (number === 0)
    throw new ArgumentFault('reach how many?', 'write witness reach NUMBER gateway ADDRESS ADDRESS:PORT ...');
  if (rest.length < number || rest.length > MOST_TARGETS)
    throw new ArgumentFault(
      `${number} of ${rest.length} cannot be reached`,
      `name ${number} to ${MOST_TARGETS} addresses`,
      least,
    );
  return { type: 'reach', least: number, targets: rest.map(targetOf) };
}

function targetOf(token: Token): ReachTarget {
  const { text: word } = token;
  if (word === 'gateway') return { type: 'gateway' };
  if (isIP(word) > 0) return { type: 'neighbour', address: addressOf(word, token).text };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(word) ?? [];
  const written = bracketed ?? plain;
  if (written === undefined || Number(port) < 1 || Number(port) > 65_535) throw noTarget(token);
  const { text } = addressOf(written, token);
  if (isIPv6(text) !== (bracketed !== undefined)) throw noTarget(token);
  return { type: 'port', address: text, port: Number(port) };
}

const noTarget = (token: Token) =>
  new ArgumentFault(
    `"${token.text}" is not gateway, ADDRESS or ADDRESS:PORT`,
    'of IPv6 with a port: [ADDRESS]:PORT',
    token,
  );

const witness = defineDirective({
  name: 'witness',
  context: ['heartbeat'],
  args: {
    kind: arg.oneOf(KINDS),
    where: arg.token('a URL, or a number and whom to reach').rest(),
    key: arg.text().param(),
    ttl: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Somebody third, who is asked only while the two nodes do not hear each other: one of them gets the right to the addresses. A backup that hears nobody becomes active only with it, and an active node that neither hears the other one nor gets it gives its addresses up. When it is away as well, nobody has them. With a witness the kernel shuts the addresses in (by programs in tc, on their interfaces) in the moment when the right to them ends, whatever becomes of moat, so that a backup takes over from a node that falls silent without a word after silent_after and a sixteenth of it. Where the kernel cannot do that (no CAP_BPF, no libbpf; moat cluster status says why), address_lease is what keeps two from having them: it is one second then, and a backup waits for 1.3 seconds more.',
    args: {
      kind: 'etcd: a lease of etcd 3. redis: a lock in Redis or Valkey; one whose data is lost by a restart may grant it twice. reach: a weak one, that enough addresses can be reached; both nodes may have it.',
      where:
        'The URL; of reach how many must answer, and of whom: ADDRESS:PORT takes a connection over TCP or refuses it, ADDRESS is in a network of this node and answers ARP or a neighbour solicitation, gateway is that of a default route and answers so.',
      key: 'Under which it is kept, moat/active if absent: one for each pair.',
      ttl: 'For so long it is granted, and renewed meanwhile; 5s if absent, 3s at least: longer than it takes the kernel to take an address away where it has no fence. Nobody has it while the nodes hear each other; so long the other node waits at most when the one that has got it in a partition dies before that is over.',
    },
    default: 'none: VRRP decides when all paths are silent',
    example: 'witness etcd http://10.0.0.9:2379;',
    since: '0.1',
  },
  compile({ kind, where, key, ttl }, scope) {
    if (kind === 'reach') {
      if (key !== undefined || ttl !== undefined)
        throw new ArgumentFault('reach keeps nothing, so it has neither key nor ttl', 'take it out');
      scope.heartbeat.own.witness = reachOf(where);
      return;
    }
    const ttlMs = ttl ?? TTL_MS.standard;
    if (ttlMs < TTL_MS.least || ttlMs > TTL_MS.most)
      throw new ArgumentFault(`a ttl of ${ttlMs} ms is not within 3s and 10m`);
    scope.heartbeat.own.witness = { type: kind, url: urlOf(kind, where), key: key ?? KEY, ttlMs };
  },
});

export const WITNESS: readonly Directive[] = [witness];
