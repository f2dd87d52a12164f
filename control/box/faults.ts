/** What can befall a pair, how it is done, how it is mended, and what the client is promised meanwhile. */
import type { Box } from './box.ts';
import { isProgram } from './net/command.ts';
import type { Node } from './node.ts';

/**
 * `undisturbed`: no request fails, no connection ends; `connections`: none that is held ends, but a request may fail that begins in
 * the moment of the change; `addresses`: they answer again, which is all.
 */
export type Promised = 'undisturbed' | 'connections' | 'addresses';

export interface Fault {
  readonly name: string;
  readonly promised: Promised;
  /** Nobody is left to have the addresses until it is mended. */
  readonly leavesNobody?: boolean;
  /** @returns how it is mended, or undefined where there is nothing to mend */
  strike(box: Box): Promise<(() => Promise<void>) | undefined>;
}

/** @throws {Error} when nobody has the addresses */
function activeOf(box: Box): Node {
  const { active } = box;
  if (!active) throw new Error('nobody has the virtual addresses');
  return active;
}

type Strike = Fault['strike'];

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

const other = (box: Box): Node => {
  const node = box.holders.find(one => one !== box.active);
  if (!node) throw new Error('there is no other node');
  return node;
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

/** The other way round VRRP alone has two owners for as long as it lasts: who is not heard cannot know it. */
const deafen: Strike = async box => {
  const hear = box.deafen(activeOf(box), other(box));
  return async () => hear();
};

/** All that fit a box, in the order in which they are tried. */
export function faultsOf(box: Box): Fault[] {
  const { mode } = box.plan;
  // Of nat and fullnat a connection has to be told to the other director, which takes some ms.
  const kept: Promised = mode === 'nat' || mode === 'fullnat' ? 'connections' : 'undisturbed';
  const [tier, tiers] = box.plan.directors > 0 ? ['director', 'directors'] : ['proxy', 'proxies'];
  const pair: Fault[] = [
    { name: `kill -9 moat on the active ${tier}`, promised: kept, strike: killMoat(activeOf) },
    { name: `kill -9 moat on the other ${tier}`, promised: 'undisturbed', strike: killMoat(other) },
    { name: 'kill -9 the process that speaks VRRP', promised: kept, strike: killSpeaker },
    { name: `SIGSTOP to moat on the active ${tier}`, promised: kept, strike: stopMoat },
    { name: `the wire of the active ${tier} is pulled`, promised: kept, strike: pullWire },
    { name: 'moat vrrp failover', promised: kept, strike: failOver },
    { name: 'moat vrrp maintenance on', promised: kept, strike: maintain },
    { name: `both ${tiers} are restarted in turn`, promised: kept, strike: restartAll },
    {
      name: `the power of the active ${tier} fails`,
      promised: kept,
      strike: powerOff(box => [activeOf(box)]),
    },
    {
      name: `the power of both ${tiers} fails`,
      promised: 'addresses',
      leavesNobody: true,
      strike: powerOff(({ holders }) => holders),
    },
    { name: `kill -9 moat on both ${tiers}`, promised: 'addresses', leavesNobody: true, strike: killBoth },
    ...(isProgram('nft')
      ? [{ name: `the active ${tier} hears nothing of the other`, promised: kept, strike: deafen }]
      : []),
  ];
  if (box.plan.directors === 0) return pair.map(fault => ({ ...fault, promised: 'addresses' }));
  const [proxy] = box.of('proxy');
  const behind: Fault = {
    name: 'kill -9 moat on a proxy',
    promised: 'addresses',
    strike: killMoat(() => proxy!),
  };
  return [...pair, behind];
}
