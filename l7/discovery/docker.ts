/**
 * Members by the Engine API of Docker: running containers with a label, listed again when something happens to one.
 * Nothing but GET is ever sent. Facts: docs.docker.com/reference/api/engine (ContainerList, SystemEvents).
 */
import type { DockerDiscovery } from '#model/l7/discovery.ts';
import { Caller } from './caller.ts';
import { readContainers } from './containers.ts';
import type { Follow } from './follow.ts';
import { pause } from './pause.ts';

const IDLE_MS = 15_000;
/** Events are what makes it quick; it is looked at without them, too. */
const LOOK_MS = 60_000;
/** Many containers that start at once are listed once. */
const GATHER_MS = 200;
/** A proxy may keep the head of an answer back until there is something in it. */
const OPEN_MS = 2000;
const EVENTS = JSON.stringify({ type: ['container', 'network'] });

export const followDocker =
  (model: DockerDiscovery): Follow =>
  async (hands, signal) => {
    const ca = model.caPath === undefined ? undefined : (await hands.read(model.caPath))?.text;
    const caller = new Caller(model.place, ca);
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const bell = new Bell();
    const opened = Promise.withResolvers<void>();
    const events = ring(caller, bell, opened.resolve, both);
    events.catch(() => {}); // it is heard of below
    try {
      await Promise.race([opened.promise, events, pause(OPEN_MS, both)]); // or what happens before would be missed
      while (!both.aborted) {
        const { value } = await caller.json({
          path: listPath(model.containerLabel),
          idleMs: IDLE_MS,
          signal: both,
        });
        const { found, unclear } = readContainers(value, model);
        hands.take(found, unclear);
        await Promise.race([bell.next(), pause(LOOK_MS, both), events]);
        await pause(GATHER_MS, both);
      }
    } finally {
      ended.abort();
    }
  };

/** Rings at each event, for as long as there are any. @throws {Error} with the reason, when they end, too */
async function ring(caller: Caller, bell: Bell, opened: () => void, signal: AbortSignal): Promise<void> {
  const path = `/events?${new URLSearchParams({ filters: EVENTS })}`;
  try {
    for await (const _ of caller.messages({ path, idleMs: 0, signal, opened })) bell.ring();
  } catch (fault) {
    if (!signal.aborted) throw fault;
    return;
  }
  if (!signal.aborted) throw new Error('the events have ended');
}

class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
  }

  /** The next one, or one that nobody waited for. */
  async next(): Promise<void> {
    await this.#rung.promise;
    this.#rung = Promise.withResolvers<void>();
  }
}

export function listPath(label: string): string {
  const filters = JSON.stringify({ label: [label], status: ['running'] });
  return `/containers/json?${new URLSearchParams({ filters })}`;
}
