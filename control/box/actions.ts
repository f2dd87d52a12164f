/** Things to try in a box: each a key, what it does now, and how it is done. */
import type { Box } from './box.ts';
import { Effect } from './effect.ts';
import { limited } from './flood-fault.ts';
import { FLOOD } from './flood-order.ts';
import { hints } from './hints.ts';
import type { Node } from './node.ts';
import { pairActions } from './pair-actions.ts';

export interface Action {
  /** One character. */
  readonly key: string;
  /** What it would do now: `kill -9 proxy1`, `start proxy1`. */
  title(): string;
  /** @param say is told what came of it, a line at a time */
  run(say: (line: string) => void): Promise<void>;
}

export function actionsOf(box: Box): Action[] {
  const keyed = [
    ...box.of('proxy').map(node => processAction(box, node)),
    ...box.of('proxy').map(node => drainAction(box, node)),
    ...box.of('director').map(node => processAction(box, node)),
    ...box.of('server').map(node => processAction(box, node)),
  ].map((action, at) => ({ ...action, key: String(at + 1) }));
  return [...keyed, ...pairActions(box), floodAction(box), hintsAction(box)];
}

type Unkeyed = Omit<Action, 'key'>;

/** Kills what runs on a node, or starts it. */
function processAction(box: Box, node: Node): Unkeyed {
  const { name, plan } = node;
  const isProxy = plan.role === 'proxy';
  const kill = plan.role === 'server' ? `stop ${name}` : `kill -9 moat on ${name}`;
  const start = plan.role === 'server' ? `start ${name}` : `start moat on ${name}`;
  return {
    title: () => (node.runs ? kill : start),
    async run(say) {
      const did = node.runs ? kill : start;
      const effect = new Effect(box);
      const state = node.runs ? 'dead' : 'alive';
      if (node.runs) await node.kill();
      else await box.startNode(node);
      const known = isProxy && box.of('director').length > 0 ? [await effect.known(node, state)] : [];
      const held = box.holders.includes(node) ? [await effect.held()] : [];
      const noticed = await effect.noticed();
      const silence = held.length > 0 ? [effect.silence] : [];
      say(`${did}: ${[...known, ...held, ...silence, noticed].join('; ')}`);
    },
  };
}

function drainAction(box: Box, node: Node): Unkeyed {
  const drains = () => box.statesOf(node).some(state => state === 'draining' || state === 'drained');
  const title = () => `${drains() ? 'resume' : 'drain'} ${node.name}`;
  return {
    title,
    async run(say) {
      const did = title();
      const isBack = drains();
      const effect = new Effect(box);
      await box.order(node, { kind: isBack ? 'resume' : 'drain' });
      const known = await effect.known(node, isBack ? 'alive' : 'draining');
      say(`${did}: ${known}; ${await effect.noticed()}`);
    },
  };
}

function floodAction(box: Box): Action {
  const what = `SYN flood, ${FLOOD.perSecond} a second for ${FLOOD.ms / 1000} s`;
  return {
    key: 'f',
    title: () => what,
    async run(say) {
      const before = await limited(box);
      const effect = new Effect(box);
      const end = box.flood();
      if (!end) return say('one flood at a time');
      say(`${what}: it begins`);
      const sent = await end;
      const noticed = await effect.noticed();
      const dropped = (await limited(box)) - before;
      say(`${what}: ${dropped} of ${sent} dropped by the limit of each source; ${noticed}`);
    },
  };
}

const hintsAction = (box: Box): Action => ({
  key: 'h',
  title: () => 'lines for another shell',
  run: async say => hints(box).forEach(say),
});
