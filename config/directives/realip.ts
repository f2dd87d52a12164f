/** The client's address where trusted proxies stand in front. */
import { UNIX_CIDR } from '#kit/cidr.ts';
import { arg } from '../argument.ts';
import { readNetwork } from '../network.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import { defineSetting } from './setting.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

const from = defineDirective({
  name: 'set_real_ip_from',
  context: EVERYWHERE,
  repeats: true,
  args: { network: arg.token('an address, a network or unix:') },
  doc: {
    summary: 'Proxies whose word about the client counts.',
    example: 'set_real_ip_from 10.0.0.0/8;',
    since: '0.1',
  },
  compile({ network }, scope) {
    scope.append('realip', 'from', network.text === 'unix:' ? UNIX_CIDR : readNetwork(network, scope));
  },
});

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
