/** The client's address where trusted proxies stand in front. */
import { type Cidr, parseCidr, UNIX_CIDR } from '#kit/cidr.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { readNetwork } from '../network.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { defineSetting } from './setting.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

const from = defineDirective({
  name: 'set_real_ip_from',
  context: EVERYWHERE,
  repeats: true,
  args: { network: arg.token('an address, a network, a host or unix:') },
  doc: {
    summary:
      'Proxies whose word about the client counts. A host is looked up when the configuration is read: all its addresses count.',
    example: 'set_real_ip_from 10.0.0.0/8;',
    since: '0.1',
  },
  compile({ network }, scope) {
    for (const cidr of networksOf(network, scope)) scope.append('realip', 'from', cidr);
  },
});

function networksOf(token: Token, scope: Scope): readonly Cidr[] {
  if (token.text === 'unix:') return [UNIX_CIDR];
  if (parseCidr(token.text) || !MAYBE_HOST.test(token.text)) return [readNetwork(token, scope)];
  const addresses = scope.around.source.addresses?.(token.text) ?? [];
  if (addresses.length === 0) throw new ArgumentFault(`host not found: "${token.text}"`, undefined, token);
  return addresses.flatMap(address => parseCidr(address)?.cidr ?? []);
}

/** A number that is no address is a slip, no host. */
const MAYBE_HOST = /^(?=.*[a-z])[\w.-]+$/i;

const header = defineDirective({
  name: 'real_ip_header',
  context: EVERYWHERE,
  args: { field: arg.text('a header or proxy_protocol') },
  doc: {
    summary: "Where the client's address stands.",
    default: 'real_ip_header X-Real-IP;',
    example: 'real_ip_header X-Forwarded-For;',
    since: '0.1',
  },
  compile({ field }, scope) {
    scope.set('realip', { header: field.toLowerCase() });
  },
});

export const REALIP: readonly Directive[] = [
  from,
  header,
  defineSetting('real_ip_recursive', EVERYWHERE, 'realip', 'recursive', arg.flag(), {
    summary: 'Whether the last address that is no trusted proxy is taken, instead of the last one.',
    default: 'real_ip_recursive off;',
    example: 'real_ip_recursive on;',
  }),
];
