/** What an operator has to know of a picture, the worst first. */
import type { Live } from './shapes.ts';
import type { Say } from './state.tsx';

export interface Attention {
  readonly kind: 'bad' | 'warn';
  readonly text: string;
  readonly page: string;
}

export function attentionOf(live: Live, say: Say): Attention[] {
  const all = [
    ...ofProgram(live, say),
    ...ofPools(live, say),
    ...ofServices(live, say),
    ...ofCluster(live, say),
  ];
  return all.sort((a, b) => Number(a.kind === 'warn') - Number(b.kind === 'warn'));
}

const ofProgram = ({ refusal }: Live, say: Say): Attention[] =>
  refusal === undefined
    ? []
    : [{ kind: 'bad', text: say('alertRefusal', { why: refusal }), page: 'overview' }];

function ofPools({ l7 }: Live, say: Say): Attention[] {
  return Object.entries(l7?.pools ?? {}).flatMap(([name, pool]): Attention[] => {
    const members = Object.values(pool.members);
    const away = members.filter(({ state }) => state !== 'up').length;
    if (away === 0 && members.length > 0) return [];
    if (away === members.length) return [{ kind: 'bad', text: say('alertPoolDown', { name }), page: 'l7' }];
    return [{ kind: 'warn', text: say('alertMembers', { name, n: away, all: members.length }), page: 'l7' }];
  });
}

function ofServices({ l4 }: Live, say: Say): Attention[] {
  return Object.entries(l4?.services ?? {}).flatMap(([name, service]): Attention[] => {
    const dead = Object.values(service.reals).filter(({ state }) => state === 'dead').length;
    if (!service.quorum) return [{ kind: 'bad', text: say('alertQuorum', { name }), page: 'l4' }];
    return dead === 0 ? [] : [{ kind: 'warn', text: say('alertReal', { name, n: dead }), page: 'l4' }];
  });
}

function ofCluster({ cluster }: Live, say: Say): Attention[] {
  if (!cluster) return [];
  const faults = Object.entries(cluster.instances).flatMap(([name, { faults: why }]): Attention[] =>
    why.length === 0
      ? []
      : [{ kind: 'bad', text: say('alertFault', { name, why: why.join('; ') }), page: 'cluster' }],
  );
  const rest: Attention[] = cluster.maintenance
    ? [{ kind: 'warn', text: say('alertMaintenance'), page: 'cluster' }]
    : [];
  return [...faults, ...rest];
}
