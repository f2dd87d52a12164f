/** Which clients may come to virtual servers: allow and deny of the L4 tier. */
import { arg } from '../argument.ts';
import { readNetwork } from '../network.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

const SUMMARY = {
  allow: 'Clients of these networks are let in, whatever deny says; all that are in neither are let in too.',
  deny: 'Packets of clients of these networks are dropped before anything else, and counted. Hundred thousand networks are no burden; a new list takes effect without a gap.',
} as const;

const rule = (name: 'allow' | 'deny', field: 'allowed' | 'denied') =>
  defineDirective({
    name,
    context: ['l4', 'virtual_server'],
    repeats: true,
    args: { networks: arg.token('ADDRESS or ADDRESS/BITS').rest(1) },
    doc: { summary: SUMMARY[name], example: `${name} 198.51.100.0/24 2001:db8:bad::/48;`, since: '0.1' },
    compile({ networks }, scope) {
      const list = filterOf(scope)[field];
      for (const network of networks) list.push(readNetwork(network, scope));
    },
  });

const filterOf = (scope: Scope) => (scope.context === 'l4' ? scope.l4 : scope.virtualServer).filter;

export const L4_FILTER = [rule('allow', 'allowed'), rule('deny', 'denied')];
