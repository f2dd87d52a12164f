/** What can befall a pair, how it is done, how it is mended, and what the client is promised meanwhile. */
import type { Box } from './box.ts';
import { certificateExpires } from './certificate-fault.ts';
import { fillDisks } from './disk-fault.ts';
import {
  activeOf,
  type Fault,
  type Meanwhile,
  otherOf,
  type Promised,
  type Strike,
  tierOf,
} from './fault.ts';
import { flood } from './flood-fault.ts';
import { isProgram } from './net/command.ts';
import type { Node } from './node.ts';
import { partitionsOf } from './partitions.ts';
import { poison } from './poison-fault.ts';
import { flap, slowDown } from './server-faults.ts';

const killMoat =
  (nodeOf: (box: Box) => Node): Strike =>
  async box => {
    const node = nodeOf(box);
    await node.kill();
    return () => box.startNode(node);
  };

const stopMoat: Strike = async box => {
  const node = activeOf(box);
  node.signal('SIGSTOP');
  return async () => node.signal('SIGCONT');
};

const pullWire: Strike = async box => {
  const node = activeOf(box);
  box.plug(node, false);
  return async () => box.plug(node, true);
};

const failOver: Strike = async box => {
  const node = activeOf(box);
  await box.orderRouters(node, { kind: 'failover', instance: undefined });
  return async () => {
    await box.orderRouters(node, { kind: 'failover', instance: undefined });
  };
};

const maintain: Strike = async box => {
  const node = activeOf(box);
  await box.orderRouters(node, { kind: 'maintenance', on: true, reason: 'a drill' });
  return async () => {
    await box.orderRouters(node, { kind: 'maintenance', on: false, reason: '' });
  };
};

const killSpeaker: Strike = async box => {
  process.kill(box.routerPid(activeOf(box)), 'SIGKILL');
  return undefined;
};

const restartAll: Strike = async box => {
  for (const node of box.holders) {
    await node.end();
    await box.startNode(node);
    await box.settled();
  }
  return undefined;
};

const killBoth: Strike = async box => {
  await Promise.all(box.holders.map(node => node.kill()));
  return async () => void (await Promise.all(box.holders.map(node => box.startNode(node))));
};

const powerOff =
  (nodesOf: (box: Box) => readonly Node[]): Strike =>
  async box => {
    const nodes = nodesOf(box);
    await Promise.all(nodes.map(node => box.powerOff(node)));
    return async () => void (await Promise.all(nodes.map(node => box.powerOn(node))));
  };

const fault = (
  strike: Strike,
  name: string,
  promised: Promised,
  meanwhile: Meanwhile = 'rightful',
): Fault => ({ name, promised, meanwhile, strike });

/** Without it packets cannot be dropped in the switch. */
export const partitionsMissing = (): string | undefined =>
  isProgram('nft') ? undefined : 'no nft here, so no partitions: apt-get install nftables';

/** All that fit a box, in the order in which they are tried. */
export function faultsOf(box: Box): Fault[] {
  const { mode, directors } = box.plan;
  const isProxies = directors === 0;
  // Of nat and fullnat a connection has to be told to the other director, which takes some ms. A proxy's connections end with it.
  const isTold = mode === 'nat' || mode === 'fullnat';
  const kept: Promised = isProxies ? 'addresses' : isTold ? 'connections' : 'undisturbed';
  const [tier, tiers] = tierOf(box);
  const holders = ({ holders: nodes }: Box) => nodes;
  const pair: Fault[] = [
    fault(killMoat(activeOf), `kill -9 moat on the active ${tier}`, kept),
    fault(killMoat(otherOf), `kill -9 moat on the other ${tier}`, 'undisturbed'),
    fault(killSpeaker, 'kill -9 the process that speaks VRRP', kept),
    fault(stopMoat, `SIGSTOP to moat on the active ${tier}`, kept),
    fault(pullWire, `the wire of the active ${tier} is pulled`, kept),
    fault(failOver, 'moat vrrp failover', kept),
    fault(maintain, 'moat vrrp maintenance on', kept),
    fault(restartAll, `both ${tiers} are restarted in turn`, kept),
    fault(
      powerOff(one => [activeOf(one)]),
      `the power of the active ${tier} fails`,
      kept,
    ),
    fault(powerOff(holders), `the power of both ${tiers} fails`, 'addresses', 'nobody'),
    fault(killBoth, `kill -9 moat on both ${tiers}`, 'addresses', 'nobody'),
    ...(partitionsMissing() === undefined ? partitionsOf(box, kept) : []),
  ];
  const [proxy] = box.of('proxy');
  const onlyProxy = fault(
    killMoat(() => proxy!),
    'kill -9 moat on a proxy',
    'addresses',
  );
  return [...pair, ...(isProxies ? [] : [onlyProxy]), ...SITE];
}

/** What befalls a site whose nodes are all well. */
const SITE: readonly Fault[] = [
  fault(slowDown, 'a server answers too late', 'undisturbed'),
  fault(flap, 'a server flaps', 'requests'),
  fault(certificateExpires, 'the certificate expires', 'undisturbed'),
  fault(fillDisks, 'the disks of all nodes are full', 'undisturbed'),
  fault(flood, 'a SYN flood', 'undisturbed'),
  fault(poison, 'a poisoned configuration on all nodes', 'undisturbed'),
];
