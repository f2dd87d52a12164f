/** Faults of the network between the nodes of a pair, whose wires stay up: by path, by direction, with and without a witness. */
import type { Box } from './box.ts';
import { activeOf, type Fault, otherOf, type Promised, type Strike, tierOf } from './fault.ts';
import type { Loss } from './loss.ts';
import type { Node } from './node.ts';

const lossFault =
  (lossesOf: (box: Box) => readonly Loss[]): Strike =>
  async box => {
    const end = box.lose(...lossesOf(box));
    return async () => end();
  };

type Nodes = (box: Box) => readonly [Node, Node];

const activeFirst: Nodes = box => [activeOf(box), otherOf(box)];
const otherFirst: Nodes = box => [otherOf(box), activeOf(box)];

/** What one sends to the other, by all networks or by one of them. */
function between(box: Box, from: Node, to: Node, at?: number): Loss {
  const ports = (node: Node) => box.portsOf(node).filter((_, index) => at === undefined || index === at);
  return { from: ports(from), to: ports(to) };
}

const oneWay = (nodes: Nodes) => (box: Box) => [between(box, ...nodes(box))];

const bothWays =
  (at?: number) =>
  (box: Box): Loss[] => {
    const [active, other] = activeFirst(box);
    return [between(box, active, other, at), between(box, other, active, at)];
  };

/** From everybody, the witness too. */
function isolation(box: Box): Loss[] {
  const ports = box.portsOf(activeOf(box));
  return [
    { from: ports, to: undefined },
    { from: undefined, to: ports },
  ];
}

/** @param kept what is promised where the addresses move */
export function partitionsOf(box: Box, kept: Promised): Fault[] {
  const { plan, holders } = box;
  const [tier, tiers] = tierOf(box);
  // A lock that one node alone can have; what both can reach leaves both of them their right.
  const isSure = plan.witness === 'redis';
  const networks = holders[0]?.plan.wires.map(({ segment }) => segment) ?? [];
  return [
    ...networks.map(
      (segment, at): Fault => ({
        name: `one path of the ${tiers}, by the network ${segment}, is cut`,
        promised: 'undisturbed',
        meanwhile: 'rightful',
        strike: lossFault(bothWays(at)),
      }),
    ),
    {
      name: `the active ${tier} hears nothing of the other`,
      promised: kept,
      meanwhile: 'one',
      strike: lossFault(oneWay(otherFirst)),
    },
    {
      name: `the active ${tier} is not heard by the other`,
      promised: isSure ? 'undisturbed' : kept,
      meanwhile: 'one',
      dividesPair: true,
      strike: lossFault(oneWay(activeFirst)),
    },
    {
      name: `the ${tiers} hear nothing of each other`,
      promised: isSure ? 'undisturbed' : 'addresses',
      meanwhile: isSure ? 'one' : 'both',
      dividesPair: true,
      strike: lossFault(bothWays()),
    },
    {
      name: `the active ${tier} is cut off from everybody`,
      promised: 'addresses',
      meanwhile: plan.witness === 'none' ? 'both' : 'one',
      strike: lossFault(isolation),
    },
  ];
}
