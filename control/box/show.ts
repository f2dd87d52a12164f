/** Runs a box until it is interrupted: what it does in the terminal, what is typed, and its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setupLink } from '../demo/setup-link.ts';
import { CLEAR_SCREEN } from '../status/text.ts';
import { type Action, actionsOf } from './actions.ts';
import { Box, type BoxOptions } from './box.ts';
import { Consoles } from './consoles.ts';
import { Doors } from './doors.ts';
import { hints } from './hints.ts';
import { Journal } from './journal.ts';
import { readKeys } from './keys.ts';
import { PROXIES } from './plan.ts';
import { addressLines, drawBox, drawMenu, type Moment, trafficLine, upText } from './screen.ts';

const REFRESH_MS = 500;
/** Rates are over this time. */
const WINDOW_MS = 3000;
/** Without a screen: a line so often. */
const LINE_MS = 10_000;
const LEAST_LINES = 4;

export interface ShowOptions extends BoxOptions {
  /** Of this machine's loopback, for the console of the first node; those of the others follow. */
  readonly console: number;
}

/** A box could not be made; nothing is left of it. */
export class BoxFault extends Error {}

/**
 * @param interrupt asks for the end
 * @returns 0; 1 when something is left that could not be removed
 * @throws {BoxFault} when it cannot be built here @throws {Error} EADDRINUSE for a port that is taken
 */
export async function showBox(options: ShowOptions, interrupt: AbortController): Promise<number> {
  const { signal } = interrupt;
  const doors = await Doors.open([options.http, options.https]);
  const consoles = await Consoles.open(options.console, options.directors + PROXIES.length);
  process.stdout.on('error', () => {}); // the terminal has gone: the end comes by a signal
  try {
    const box = await opened({ ...options, consolePorts: consoles.ports }, signal);
    if (!box) return 0;
    try {
      doors.leadTo(box.plan.virtual[0]!);
      consoles.leadTo(box.appliances);
      await new Stage(box, interrupt).play();
    } catch (fault) {
      await ended(box);
      throw fault;
    }
    return await ended(box);
  } finally {
    doors.close();
    consoles.close();
  }
}

/** Undefined: it was interrupted. @throws {BoxFault} */
async function opened(options: BoxOptions, signal: AbortSignal): Promise<Box | undefined> {
  try {
    return await Box.open(options, signal);
  } catch (fault) {
    if (signal.aborted) return undefined;
    throw new BoxFault((fault as Error).message, { cause: fault });
  }
}

/** @returns the exit code */
async function ended(box: Box): Promise<number> {
  const left = await box.close();
  if (left.length === 0) {
    process.stdout.write(`${process.stdout.isTTY ? '\n' : ''}ended; nothing is left behind\n`);
    return 0;
  }
  process.stderr.write(`moat demo: what could not be removed:\n${left.map(line => `  ${line}\n`).join('')}`);
  return 1;
}

class Stage {
  readonly #box: Box;
  readonly #interrupt: AbortController;
  readonly #actions: readonly Action[];
  readonly #busy = new Set<Action>();
  readonly #journal: Journal;
  readonly #isScreen = process.stdout.isTTY;

  constructor(box: Box, interrupt: AbortController) {
    this.#box = box;
    this.#interrupt = interrupt;
    this.#actions = actionsOf(box);
    this.#journal = new Journal(this.#isScreen ? undefined : line => process.stdout.write(`${line}\n`));
  }

  /** Until the interrupt. */
  async play(): Promise<void> {
    const close = readKeys(
      key => this.#hear(key),
      () => this.#interrupt.abort(),
    );
    try {
      this.#open();
      await this.#refresh();
    } finally {
      close();
    }
  }

  #open(): void {
    const { plan } = this.#box;
    const tiers =
      plan.directors > 0 ? 'client → directors → proxies → servers' : 'client → proxies → servers';
    if (!this.#isScreen) process.stdout.write(addressLines(this.#box));
    this.#journal.say(
      `${plan.directors > 0 ? `both tiers stand, in mode ${plan.mode}` : 'the L7 tier stands'}: ${tiers}`,
    );
    if (!this.#isScreen) for (const line of hints(this.#box)) this.#journal.say(line);
    void this.#invite();
  }

  /** Each node has a console of its own, and its own users. */
  async #invite(): Promise<void> {
    for (const node of this.#box.appliances) {
      const link = await setupLink(node.socketPath);
      if (link) this.#journal.say(`console of ${node.name}, to begin with: ${link}`);
    }
  }

  async #refresh(): Promise<void> {
    const { signal } = this.#interrupt;
    let moments = [this.#now()];
    let lineDueMs = LINE_MS;
    while (!signal.aborted) {
      await this.#box.look();
      const now = this.#now();
      moments = [...moments, now].filter(({ atMs }) => now.atMs - atMs <= WINDOW_MS);
      const before = moments[0]!;
      if (this.#isScreen) this.#draw(now, before);
      else if (this.#journal.ageMs >= lineDueMs) {
        lineDueMs = this.#journal.ageMs + LINE_MS;
        this.#journal.say(trafficLine(now, before).trimEnd());
      }
      this.#box.trimLogs();
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => {}); // the interrupt
    }
  }

  #now(): Moment {
    return { atMs: performance.now(), traffic: this.#box.traffic };
  }

  #draw(now: Moment, before: Moment): void {
    const { number, mode, directors } = this.#box.plan;
    const head = `${addressLines(this.#box)}box ${number}, ${directors > 0 ? `mode ${mode}` : 'no director'}, ${upText(this.#journal.ageMs)}\n\n`;
    const body = `${drawBox(this.#box, now, before)}\n${drawMenu(this.#actions, this.#busy)}\n`;
    const taken = (head + body).split('\n').length;
    const lines = this.#journal.last(Math.max(LEAST_LINES, (process.stdout.rows || 40) - taken));
    process.stdout.write(CLEAR_SCREEN + head + body + lines.join('\n'));
  }

  #hear(key: string): void {
    if (key === '') return;
    if (key === 'q') return this.#interrupt.abort();
    const action = this.#actions.find(one => one.key === key || one.title() === key);
    if (action) void this.#do(action);
    else this.#journal.say(`"${key}" is none of ${this.#actions.map(one => one.key).join(' ')} q`);
  }

  async #do(action: Action): Promise<void> {
    if (this.#busy.has(action)) return;
    const title = action.title();
    this.#busy.add(action);
    try {
      await action.run(line => this.#journal.say(line));
    } catch (fault) {
      if (!this.#interrupt.signal.aborted) this.#journal.say(`${title}: ${(fault as Error).message}`);
    } finally {
      this.#busy.delete(action);
    }
  }
}
