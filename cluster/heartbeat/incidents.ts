/** Partitions: what both sides saw of each, remembered and told when it is over. */
import type { Log } from '../log.ts';
import type { StateFolder } from '../state-folder.ts';

/** What one side saw. Times are ms since 1970, by its own clock. */
export interface IncidentView {
  readonly node: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** `silent`: it heard nothing; `deaf`: it was not heard; `started`: it began to live. */
  readonly how: 'silent' | 'deaf' | 'started';
  readonly events: readonly { readonly atMs: number; readonly what: string }[];
}

export interface Incident {
  readonly own: IncidentView;
  /** Undefined: it has not told yet. */
  readonly peer: IncidentView | undefined;
}

const MOST_INCIDENTS = 32;
const MOST_EVENTS = 48;
const MOST_TEXT = 200;

export class Incidents {
  readonly #node: string;
  readonly #log: Log;
  readonly #folder: StateFolder;
  #done: Incident[];
  #open:
    | { startedAtMs: number; how: IncidentView['how']; events: { atMs: number; what: string }[] }
    | undefined;
  /** So many there were since the start. */
  count = 0;

  constructor(node: string, folder: StateFolder, log: Log) {
    this.#node = node;
    this.#log = log;
    this.#folder = folder;
    this.#done = readAll(folder.incidents);
    this.#open = { startedAtMs: Date.now(), how: 'started', events: [] };
  }

  begin(how: 'silent' | 'deaf'): void {
    this.#open = { startedAtMs: Date.now(), how, events: [] };
    this.count++;
  }

  /** Remembered while one is going on. */
  note(what: string): void {
    const events = this.#open?.events;
    if (!events) return;
    if (events.length >= MOST_EVENTS) events.splice(1, 1); // the first tells how it began
    events.push({ atMs: Date.now(), what: what.slice(0, MOST_TEXT) });
  }

  /** @returns what is to be told to the other side */
  end(): IncidentView {
    const { startedAtMs, how, events } = this.#open ?? { startedAtMs: Date.now(), how: 'deaf', events: [] };
    this.#open = undefined;
    const own: IncidentView = { node: this.#node, startedAtMs, endedAtMs: Date.now(), how, events };
    if (how === 'started') return own;
    this.#done = [{ own, peer: undefined }, ...this.#done].slice(0, MOST_INCIDENTS);
    this.#log.warn(`heartbeat: a partition is over: ${viewText(own)}`);
    this.#save();
    return own;
  }

  /** What the other side saw of the last one; said again it changes nothing. */
  told(view: IncidentView): void {
    const [last, ...others] = this.#done;
    if (!last || last.peer) return;
    this.#done = [{ own: last.own, peer: view }, ...others];
    this.#log.warn(`heartbeat: the same by the other side: ${viewText(view)}`);
    this.#save();
  }

  #save(): void {
    try {
      this.#folder.keepIncidents(JSON.stringify(this.#done));
    } catch (fault) {
      this.#log.error(`heartbeat: the incident cannot be kept: ${(fault as Error).message}`);
    }
  }

  /** The newest first. */
  get all(): readonly Incident[] {
    return this.#done;
  }
}

export function viewText({ node, startedAtMs, endedAtMs, how, events }: IncidentView): string {
  const was = { silent: 'heard nothing', deaf: 'was not heard', started: 'was started' }[how];
  const told = events.map(({ atMs, what }) => `+${atMs - startedAtMs} ms ${what}`).join('; ');
  return `${node} ${was} for ${endedAtMs - startedAtMs} ms from ${new Date(startedAtMs).toISOString()}${told ? `: ${told}` : ''}`;
}

/** A file that cannot be read is begun anew. */
function readAll(text: string | undefined): Incident[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.slice(0, MOST_INCIDENTS) : [];
  } catch {
    return [];
  }
}

/** @returns undefined if it is no view */
export function readView(body: unknown): IncidentView | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { node, startedAtMs, endedAtMs, how, events } = body as Record<keyof IncidentView, unknown>;
  const isHow = how === 'silent' || how === 'deaf' || how === 'started';
  if (typeof node !== 'string' || !isTime(startedAtMs) || !isTime(endedAtMs) || !isHow) return undefined;
  if (!Array.isArray(events) || events.length > MOST_EVENTS) return undefined;
  const isEvent = (one: unknown) => {
    const { atMs, what } = (one ?? {}) as Record<string, unknown>;
    return isTime(atMs) && typeof what === 'string' && what.length <= MOST_TEXT;
  };
  if (!events.every(isEvent)) return undefined;
  return { node, startedAtMs, endedAtMs, how, events };
}

/** What a Date can hold. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= 8_640_000_000_000_000;
