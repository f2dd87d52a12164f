/** Log level and firewall mode by command: taken up as a reload is, in all workers or nowhere, and kept in a file over reloads and restarts. */
import { dirname } from 'node:path';
import type { Log } from '#kit/log.ts';
import type { LogLevel } from '#model/l7/log.ts';
import type { Model } from '#model/main.ts';
import { historyFolder } from '../history/place.ts';
import { keepJson, readKept } from '../host/keep-json.ts';
import type { Invocation } from '../invocation.ts';
import type { LiveShown } from '../status/server.ts';
import { loadWithRules, withRules } from '../waf/load-rules.ts';
import {
  firstEndMs,
  isLogLevel,
  isSilent,
  isWafMode,
  type LiveOrder,
  type LiveSettings,
  liveOrderText,
  modesOf,
  NOTHING_SAID,
  type ShownMode,
  stillSaid,
  whereText,
  withLive,
  withLiveOrder,
} from './settings.ts';

/** Of the control process. */
export interface LiveHands {
  texts(): ReadonlyMap<string, string>;
  /** @throws {Error} with the reason; then nothing has changed */
  bring(model: Model, texts: ReadonlyMap<string, string>): Promise<unknown>;
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** Timers know no longer times; it is looked at again then. */
const MOST_TIMER_MS = 2 ** 31 - 1;
const AFTER_FAULT_MS = 10_000;

export class LiveKeeper {
  /** The master's, from the start on. */
  hands: LiveHands | undefined;
  readonly #invocation: Invocation;
  readonly #path: string;
  readonly #log: () => Log;
  #said: LiveSettings = NOTHING_SAID;
  #modes: readonly ShownMode[] = [];
  #level: LogLevel = 'error';
  #timer: NodeJS.Timeout | undefined;

  constructor(invocation: Invocation, log: () => Log) {
    this.#invocation = invocation;
    this.#path = `${historyFolder(invocation.file)}/live.json`;
    this.#log = log;
  }

  get said(): LiveSettings {
    return this.#said;
  }

  /** How it stands. */
  get shown(): LiveShown {
    const said = stillSaid(this.#said, Date.now());
    return { said, modes: this.#modes, configuredLevel: this.#level };
  }

  /** Takes up what was said before the start. Never throws. */
  begin(): void {
    try {
      this.#said = stillSaid(this.#read(), Date.now());
    } catch (fault) {
      const { message } = fault as Error;
      this.#log().error(`"${this.#path}" cannot be read: ${message}: log level and WAF are as configured`);
    }
    const { logLevel, waf } = this.#said;
    if (logLevel) this.#log().notice(`log level ${logLevel.level} by an earlier command`);
    for (const one of waf) this.#log().warn(`WAF ${one.mode}${whereText(one)} by an earlier command`);
    this.#wait();
  }

  /** The model with what is said, and with the rules that are needed then. @throws {Error} when those are faulty */
  apply(model: Model): Model {
    const live = withLive(model, this.#said);
    this.#modes = model.http && live.http ? modesOf(model.http, live.http) : [];
    this.#level = model.process.errorLogs[0]?.level ?? 'error';
    if (this.#said.waf.length === 0) return live;
    const whole = withRules(live);
    if (whole.model) return whole.model;
    const why = whole.diagnostics.find(({ severity }) => severity === 'error')?.message;
    throw new Error(`the rules of the WAF are faulty: ${why ?? 'they cannot be read'}`);
  }

  /** @throws {Error} with the reason; then nothing has changed */
  order(order: LiveOrder): Promise<void> {
    return this.#change(() => {
      if (order.kind === 'waf-mode') this.#refuseNowhere(order);
      return withLiveOrder(stillSaid(this.#said, Date.now()), order, Date.now());
    }, liveOrderText(order));
  }

  #refuseNowhere({ server, location }: Extract<LiveOrder, { kind: 'waf-mode' }>): void {
    const isThere = this.#modes.some(
      one => (server ?? one.server) === one.server && (location === undefined || location === one.location),
    );
    const isSaid = this.#said.waf.some(one => one.server === server && one.location === location);
    if (!isThere && !isSaid)
      throw new Error(`there is no${whereText({ server, location }).replace(/^ (at|in)/, '')}`);
  }

  #change(next: () => LiveSettings, what: string): Promise<void> {
    const { hands } = this;
    if (!hands) throw new Error('moat is starting');
    return hands.take(async () => {
      const before = this.#said;
      this.#said = next();
      try {
        const texts = hands.texts();
        await hands.bring(this.#load(texts), texts);
      } catch (fault) {
        this.#said = before;
        throw fault;
      }
      this.#log().notice(`${what} by command`);
      this.#keep();
      this.#wait();
    });
  }

  /** What is in force once more, whatever lies on the disk. @throws {Error} with the reason */
  #load(texts: ReadonlyMap<string, string>): Model {
    const folder = dirname(this.#invocation.file);
    const trial = { texts, folder, known: new Set(texts.keys()) };
    const { model, diagnostics, texts: read } = loadWithRules(this.#invocation, trial);
    if (!model) throw new Error(diagnostics.find(({ severity }) => severity === 'error')?.message);
    const more = [...read.keys()].find(path => !texts.has(path));
    if (more !== undefined)
      throw new Error(
        `"${more}" has come to the disk and would come into force with it: reload first, or move it away`,
      );
    return model;
  }

  #wait(afterMs = 0): void {
    clearTimeout(this.#timer);
    const endMs = firstEndMs(this.#said);
    if (endMs === undefined) return;
    const waitMs = Math.min(Math.max(endMs - Date.now(), afterMs, 0), MOST_TIMER_MS);
    this.#timer = setTimeout(() => void this.#expire(), waitMs).unref();
  }

  async #expire(): Promise<void> {
    if ((firstEndMs(this.#said) ?? Number.POSITIVE_INFINITY) > Date.now()) return this.#wait();
    await this.#change(() => stillSaid(this.#said, Date.now()), 'what is over ends: as it was before').catch(
      (fault: Error) => {
        this.#log().error(`what was commanded for a while cannot end: ${fault.message}`);
        this.#wait(AFTER_FAULT_MS);
      },
    );
  }

  #read(): LiveSettings {
    const found = readKept(this.#path) ?? NOTHING_SAID;
    if (!isLive(found)) throw new Error('it holds something else');
    return found;
  }

  #keep(): void {
    try {
      keepJson(this.#path, isSilent(this.#said) ? undefined : this.#said);
    } catch (fault) {
      this.#log().error(
        `"${this.#path}" cannot be written: ${(fault as Error).message}: commands end with moat`,
      );
    }
  }
}

function isLive(found: unknown): found is LiveSettings {
  if (typeof found !== 'object' || found === null) return false;
  const { logLevel, waf } = found as Partial<LiveSettings>;
  const isText = (value: unknown) => value === undefined || typeof value === 'string';
  const isTime = (value: unknown) => value === undefined || Number.isFinite(value);
  return (
    (logLevel === undefined || (isLogLevel(logLevel.level) && isTime(logLevel.untilMs))) &&
    Array.isArray(waf) &&
    waf.every(one => isWafMode(one.mode) && isText(one.server) && isText(one.location) && isTime(one.untilMs))
  );
}
