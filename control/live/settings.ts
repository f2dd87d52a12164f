/** What an operator has said of the log level and of the firewall's mode beside the configuration, and a model with it. Pure. */
import type { HttpModel, LocationModel, ServerModel } from '#model/l7/http.ts';
import { type ErrorLog, LOG_LEVELS, type LogLevel } from '#model/l7/log.ts';
import type { Settings } from '#model/l7/settings.ts';
import { WAF_MODES, type WafMode } from '#model/l7/waf.ts';
import type { Model } from '#model/main.ts';

/** Where a mode holds: undefined is everywhere. */
export interface Whereabouts {
  /** The first of its names, '' where it has none. */
  readonly server?: string | undefined;
  /** As the configuration writes it: `/app`, `= /x`, `~ \.php$`. What stands within it is meant, too. */
  readonly location?: string | undefined;
}

export interface WafModeOverride extends Whereabouts {
  readonly mode: WafMode;
  /** ms since 1970; undefined: until it is taken back. */
  readonly untilMs?: number | undefined;
}

export interface LiveSettings {
  readonly logLevel?: { readonly level: LogLevel; readonly untilMs?: number | undefined } | undefined;
  readonly waf: readonly WafModeOverride[];
}

/** An undefined level or mode: what the configuration says holds again. */
export type LiveOrder =
  | {
      readonly kind: 'log-level';
      readonly level?: LogLevel | undefined;
      readonly lengthMs?: number | undefined;
    }
  | ({
      readonly kind: 'waf-mode';
      readonly mode?: WafMode | undefined;
      readonly lengthMs?: number | undefined;
    } & Whereabouts);

export const NOTHING_SAID: LiveSettings = { waf: [] };
const MOST_OVERRIDES = 256;

/** @throws {Error} when there are too many */
export function withLiveOrder(before: LiveSettings, order: LiveOrder, nowMs: number): LiveSettings {
  const until = order.lengthMs === undefined ? {} : { untilMs: nowMs + order.lengthMs };
  if (order.kind === 'log-level') {
    const { level } = order;
    return { ...before, logLevel: level && { level, ...until } };
  }
  const { server, location, mode } = order;
  const others = before.waf.filter(one => one.server !== server || one.location !== location);
  if (mode && others.length >= MOST_OVERRIDES)
    throw new Error(`there are ${MOST_OVERRIDES} modes by command already`);
  return { ...before, waf: mode ? [...others, { server, location, mode, ...until }] : others };
}

/** Without what is over. */
export function stillSaid({ logLevel, waf }: LiveSettings, nowMs: number): LiveSettings {
  const isAlive = ({ untilMs = Number.POSITIVE_INFINITY }: { readonly untilMs?: number | undefined }) =>
    untilMs > nowMs;
  return { logLevel: logLevel && isAlive(logLevel) ? logLevel : undefined, waf: waf.filter(isAlive) };
}

/** When the first of them is over, in ms since 1970; undefined: never. */
export function firstEndMs({ logLevel, waf }: LiveSettings): number | undefined {
  const ends = [logLevel, ...waf].flatMap(one => one?.untilMs ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

export const isSilent = ({ logLevel, waf }: LiveSettings): boolean => !logLevel && waf.length === 0;

/** @returns the model itself where nothing is said; its `wafRules` are those of before */
export function withLive(model: Model, said: LiveSettings): Model {
  const { level } = said.logLevel ?? {};
  const { http } = model;
  const logged = level
    ? { ...model, process: { ...model.process, errorLogs: at(model.process.errorLogs, level) } }
    : model;
  if (isSilent(said) || !http) return logged;
  const change = new Change(said);
  return { ...logged, http: { ...http, servers: http.servers.map(server => change.server(server)) } };
}

const at = (logs: readonly ErrorLog[], level: LogLevel): readonly ErrorLog[] =>
  logs.map(log => ({ ...log, level }));

/** What servers and locations share stays one object for all of them. */
class Change {
  readonly #said: LiveSettings;
  readonly #known = new Map<string, Map<object, object>>();

  constructor(said: LiveSettings) {
    this.#said = said;
  }

  server(server: ServerModel): ServerModel {
    const own = this.#modeAt({ server: server.serverName }) ?? this.#modeAt({});
    return { ...server, root: this.#location(server.root, server.serverName, own) };
  }

  #modeAt(where: Whereabouts): WafMode | undefined {
    return this.#said.waf.find(one => one.server === where.server && one.location === where.location)?.mode;
  }

  /** @param around the mode that holds for what is around it */
  #location(location: LocationModel, server: string, around: WafMode | undefined): LocationModel {
    const { label } = location;
    const mode = this.#modeAt({ server, location: label }) ?? this.#modeAt({ location: label }) ?? around;
    const inner = (one: LocationModel) => this.#location(one, server, mode);
    const { limitExcept } = location;
    return {
      ...location,
      settings: this.#settings(location.settings, mode),
      locations: location.locations.map(inner),
      conditional: location.conditional.map(inner),
      limitExcept: limitExcept && { ...limitExcept, location: inner(limitExcept.location) },
    };
  }

  #settings(settings: Settings, mode: WafMode | undefined): Settings {
    const level = this.#said.logLevel?.level;
    return this.#once(`all ${mode}`, settings, () => ({
      ...settings,
      ...(level && {
        log: this.#once('log', settings.log, () => ({
          ...settings.log,
          errorLogs: at(settings.log.errorLogs, level),
        })),
      }),
      ...(mode && { waf: this.#once(mode, settings.waf, () => ({ ...settings.waf, mode })) }),
    }));
  }

  #once<T extends object>(how: string, before: T, make: () => T): T {
    let made = this.#known.get(how);
    if (!made) this.#known.set(how, (made = new Map()));
    const known = made.get(before) as T | undefined;
    if (known) return known;
    const after = make();
    made.set(before, after);
    return after;
  }
}

export interface ShownMode {
  readonly server: string;
  /** Absent: the server as a whole. */
  readonly location?: string | undefined;
  /** As the configuration has it. */
  readonly configured: WafMode;
  readonly mode: WafMode;
}

/** What the console lists at most; servers without a firewall, which nobody commanded, are left out when there are more. */
const MOST_SHOWN = 500;

/** @param now the same as `configured` has it, with what is said */
export function modesOf(configured: HttpModel, now: HttpModel): readonly ShownMode[] {
  const shown: ShownMode[] = [];
  configured.servers.forEach((server, index) => {
    const other = now.servers[index];
    if (!other || shown.length >= MOST_SHOWN) return;
    const pair = (before: LocationModel, after: LocationModel, around: ShownMode | undefined) => {
      const [was, is] = [before.settings.waf.mode, after.settings.waf.mode];
      const one = {
        ...{ server: server.serverName, configured: was, mode: is },
        ...(around && { location: before.label }),
      };
      shown.push(one);
      before.locations.forEach((inner, at) => {
        if (shown.length < MOST_SHOWN) pair(inner, after.locations[at]!, one);
      });
    };
    pair(server.root, other.root, undefined);
  });
  return shown;
}

export const isLogLevel = (word: unknown): word is LogLevel => LOG_LEVELS.some(level => level === word);
export const isWafMode = (word: unknown): word is WafMode => WAF_MODES.some(mode => mode === word);

export function liveOrderText(order: LiveOrder): string {
  const length = order.lengthMs === undefined ? '' : ` for ${Math.round(order.lengthMs / 1000)} s`;
  if (order.kind === 'log-level') return `log level ${order.level ?? 'as configured'}${length}`;
  return `WAF ${order.mode ?? 'as configured'}${whereText(order)}${length}`;
}

export const whereText = ({ server, location }: Whereabouts): string =>
  `${server === undefined ? '' : ` at server "${server}"`}${location === undefined ? '' : ` in location ${location}`}`;
