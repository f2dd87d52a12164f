/** Things to try with the nodes that have the virtual addresses in turn. */
import type { Action } from './actions.ts';
import type { Box } from './box.ts';
import { Effect } from './effect.ts';
import type { Node } from './node.ts';

const FREEZE_KEYS = ['z', 'x'];
const WIRE_KEYS = ['w', 'e'];
const MAINTENANCE_KEYS = ['m', 'n'];

export function pairActions(box: Box): Action[] {
  const nodes = box.holders;
  if (nodes.length < 2) return [];
  return [
    failoverAction(box),
    ...nodes.map((node, at) => freezeAction(box, node, FREEZE_KEYS[at]!)),
    ...nodes.map((node, at) => wireAction(box, node, WIRE_KEYS[at]!)),
    ...nodes.map((node, at) => maintenanceAction(box, node, MAINTENANCE_KEYS[at]!)),
  ];
}

/** Does it, and tells who has the addresses then, how long they were silent, and what the client noticed. */
async function told(
  box: Box,
  did: string,
  say: (line: string) => void,
  work: () => unknown | Promise<unknown>,
): Promise<void> {
  const effect = new Effect(box);
  await work();
  const held = await effect.held();
  const noticed = await effect.noticed();
  say(`${did}: ${held}; ${effect.silence}; ${noticed}`);
}

/** Gives the addresses away where they are; or back, where they were given away. */
function failoverAction(box: Box): Action {
  const yielder = () => box.holders.find(node => box.standing(node)?.yielding);
  const title = () => {
    const back = yielder();
    return back ? `moat vrrp failover on ${back.name}, which takes them back` : 'moat vrrp failover';
  };
  return {
    key: 'v',
    title,
    async run(say) {
      const did = title();
      const node = yielder() ?? box.active;
      if (!node) return say(`${did}: nobody has the addresses`);
      await told(box, did, say, async () => {
        const done = await box.orderRouters(node, { kind: 'failover', instance: undefined });
        say(`${node.name}: ${done.join('; ')}`);
      });
    },
  };
}

function freezeAction(box: Box, node: Node, key: string): Action {
  const title = () => (node.isFrozen ? `SIGCONT to moat on ${node.name}` : `SIGSTOP to moat on ${node.name}`);
  return {
    key,
    title,
    async run(say) {
      if (!node.runs) return say(`moat on ${node.name} does not run`);
      const signal = node.isFrozen ? 'SIGCONT' : 'SIGSTOP';
      await told(box, title(), say, () => node.signal(signal));
    },
  };
}

function wireAction(box: Box, node: Node, key: string): Action {
  let isIn = true;
  const title = () => `${isIn ? 'pull' : 'plug in'} the wire of ${node.name}`;
  return {
    key,
    title,
    async run(say) {
      const did = title();
      isIn = !isIn;
      await told(box, did, say, () => box.plug(node, isIn));
    },
  };
}

function maintenanceAction(box: Box, node: Node, key: string): Action {
  const isOn = () => box.standing(node)?.maintenance === true;
  const title = () => `moat vrrp maintenance ${isOn() ? 'off' : 'on'} at ${node.name}`;
  return {
    key,
    title,
    async run(say) {
      await told(box, title(), say, () =>
        box.orderRouters(node, { kind: 'maintenance', on: !isOn(), reason: 'by a key of the box' }),
      );
    },
  };
}
