/** Whether the directors of a box have the same tables: what each thinks of every real server, and that they know each other's connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { L4Figures } from '#l4';
import type { Box } from './box.ts';

/** Health checks, and a snapshot of all connections, take a while on a busy machine. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

/** Waits until they agree, or long enough. @returns what differs, in words; nothing with fewer than two that answer */
export async function disagreements(box: Box): Promise<string[]> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    await box.look();
    const found = disagreementsNow(box);
    if (found.length === 0 || performance.now() > end) return found;
    await sleep(POLL_MS);
  }
}

function disagreementsNow(box: Box): string[] {
  const told = box.of('director').flatMap(node => {
    const figures = box.told(node);
    return figures ? [{ name: node.name, figures, states: statesOf(figures) }] : [];
  });
  const [first, ...others] = told;
  if (!first || others.length === 0) return [];
  const apart = told.filter(({ figures }) => figures.sync && figures.sync.state !== 'in-step');
  return [
    ...apart.map(({ name, figures }) => `${name} was ${figures.sync!.state} with the other director`),
    ...others.flatMap(other =>
      [...first.states]
        .filter(([real, state]) => other.states.get(real) !== state)
        .map(
          ([real, state]) =>
            `${real} was ${state} to ${first.name}, and ${other.states.get(real) ?? 'unknown'} to ${other.name}`,
        ),
    ),
  ];
}

/** By virtual and real server. */
const statesOf = ({ services }: L4Figures): Map<string, string> =>
  new Map(
    services.flatMap(({ name, reals }) =>
      reals.map(({ name: real, state, weight }): [string, string] => [
        `${real} of ${name}`,
        `${state}, weight ${weight}`,
      ]),
    ),
  );
