/** Who of a pair has which addresses: the cluster block of the box's nodes. */
import { isIp6, nodesOf, type Plan, type PlannedNode } from './plan.ts';

/** Where the witness listens. */
export const WITNESS_PORT = 6379;
/** So long the right is lent, and it is renewed meanwhile. */
const WITNESS_TTL_S = 3;

/** All settings of the pair; the lower node waits for three intervals and a little more. */
export const VRRP = { advertMs: 100, highest: 150, step: 50, preemptDelayMs: 1000 } as const;
/** More than `step`: who reaches no server gives way to one that does. */
const UNWELL = -60;

interface Router {
  readonly name: string;
  readonly interface: string;
  readonly addresses: readonly string[];
}

/** The nodes that have the virtual addresses in turn; the first has them when all is well. */
export const holdersOf = (plan: Plan): PlannedNode[] =>
  nodesOf(plan, plan.directors === 0 ? 'proxy' : 'director');

/** Addresses of one interface and one family are a virtual router. */
function routersOf({ virtual, sources, gateways }: Plan): Router[] {
  const front = [...virtual, ...sources];
  const routers = [
    { name: 'FRONT_4', interface: 'eth0', addresses: front.filter(isIp4) },
    { name: 'FRONT_6', interface: 'eth0', addresses: front.filter(isIp6) },
    { name: 'LAN_4', interface: 'eth1', addresses: gateways.filter(isIp4) },
    { name: 'LAN_6', interface: 'eth1', addresses: gateways.filter(isIp6) },
  ];
  return routers.filter(({ addresses }) => addresses.length > 0);
}

const isIp4 = (address: string) => !isIp6(address);

export interface ClusterSite {
  /** The node's folder, for what outlives a restart. */
  readonly dir: string;
  /** The same for both. */
  readonly secret: string;
}

/** By every network that both nodes of the pair are in: own address, and that of the other one. */
function pathsOf(plan: Plan, node: PlannedNode): string {
  const peer = holdersOf(plan).find(({ name }) => name !== node.name);
  const paths = node.wires.map(({ addresses: own }, at) => {
    const others = peer?.wires[at]?.addresses ?? [];
    return `path ${bare(own[0])} ${bare(others[0])};`;
  });
  return peer ? paths.join(' ') : '';
}

const bare = (address = '') => address.replace(/\/.*/, '');

/** Directors keep each other's connections. */
function flowSync(plan: Plan, node: PlannedNode, secret: string): string {
  const paths = pathsOf(plan, node);
  if (node.role !== 'director' || paths === '') return '';
  return `    flow_sync { ${paths} key ${secret}; }\n`;
}

/** So that a network that is cut is told from a node that is dead. */
function heartbeat(plan: Plan, node: PlannedNode, secret: string): string {
  const paths = pathsOf(plan, node);
  if (paths === '') return '';
  // Proxies name themselves in their answers: their configurations differ by that.
  const differs = node.role === 'proxy' ? ' preempt_other_revision on;' : '';
  return `    heartbeat { node ${node.name}; ${paths} key ${secret};${witness(plan)}${differs} }\n`;
}

function witness(plan: Plan): string {
  switch (plan.witness) {
    case 'none':
      return '';
    case 'redis': {
      const [host] = nodesOf(plan, 'witness');
      return ` witness redis redis://${host?.addresses[0]}:${WITNESS_PORT} ttl=${WITNESS_TTL_S}s;`;
    }
    case 'reach':
      return ` witness reach 2 ${reached(plan).join(' ')};`;
  }
}

/** Neighbours of the pair: the machine itself, and the tier behind it. */
function reached(plan: Plan): string[] {
  const behind = nodesOf(plan, plan.directors === 0 ? 'server' : 'proxy');
  return [bare(plan.ownAddresses[0]), ...behind.map(({ addresses }) => addresses[0]!)];
}

/** @returns '' where the node has no part in it */
export function clusterBlock(plan: Plan, node: PlannedNode, { dir, secret }: ClusterSite): string {
  const rank = holdersOf(plan).findIndex(({ name }) => name === node.name);
  if (rank < 0) return '';
  const routers = routersOf(plan);
  const track = `track ${node.role === 'director' ? 'l4' : 'l7'} weight=${UNWELL};`;
  const isGroup = routers.length > 1;
  const priority = VRRP.highest - rank * VRRP.step;
  const instances = routers.map(router => instance(router, priority, isGroup ? '' : track));
  const members = routers.map(({ name }) => name).join(' ');
  const group = isGroup ? `    sync_group BOX { members ${members}; ${track} }\n` : '';
  return `cluster {
    state_path ${dir}/state;
${instances.join('')}${group}${flowSync(plan, node, secret)}${heartbeat(plan, node, secret)}}
`;
}

const instance = ({ name, interface: on, addresses }: Router, priority: number, more: string) =>
  `    vrrp_instance ${name} {
        interface ${on};
        vrid 51;
        priority ${priority};
        advert_interval ${VRRP.advertMs}ms;
        preempt_delay ${VRRP.preemptDelayMs}ms;
${addresses.map(address => `        virtual_address ${address};\n`).join('')}${more ? `        ${more}\n` : ''}    }
`;
