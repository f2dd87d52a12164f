/** Routes that objects of Kubernetes bring: taken into the http block in force, in all workers or nowhere, and kept in a file: a start needs no API server. */
import type { Log } from '#kit/log.ts';
import { type L7Plane, type RouteNews, readPlan, withRoutes } from '#l7';
import type { KubernetesModel, RoutePlan, RouteProblem } from '#model/l7/kubernetes.ts';
import type { Model } from '#model/main.ts';
import { historyFolder } from '../history/place.ts';
import { keepJson, readKept } from '../host/keep-json.ts';

/** Of the control process. */
export interface RouteHands {
  /** Brings the configuration in force into force once more, with what `apply` makes of it. @throws {Error} with the reason; then nothing has changed */
  reroute(): Promise<void>;
}

/** How a source stands, for `moat kubernetes` and metrics. */
export interface ShownRoutes extends Omit<RouteNews, 'plan'> {
  readonly hosts: readonly { readonly host: string; readonly routes: number }[];
  readonly services: number;
  readonly certificates: readonly string[];
  /** What is left out, and why. */
  readonly problems: readonly RouteProblem[];
  /** Why a plan is not in force; undefined: the last one is. */
  readonly refusal: string | undefined;
}

interface Prepared {
  readonly sources: readonly KubernetesModel[];
  /** By the labels of sources. */
  readonly problems: ReadonlyMap<string, readonly RouteProblem[]>;
}

/** Objects that change all the time are taken up so often at most. */
const LEAST_PAUSE_MS = 1000;
const MOST_TOLD = 20;

export class RouteKeeper {
  hands: RouteHands | undefined;
  readonly #path: string;
  readonly #log: () => Log;
  /** In force, and kept, by the labels of their sources. */
  #plans: ReadonlyMap<string, RoutePlan> = new Map();
  /** On their way: those of these sources, in the place of what is in force. */
  readonly #next = new Map<string, RoutePlan>();
  readonly #news = new Map<string, RouteNews>();
  readonly #refusals = new Map<string, string>();
  #inForce: Prepared = { sources: [], problems: new Map() };
  #prepared: Prepared = this.#inForce;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  /** @param file the main file of the configuration, a latin1 string */
  constructor(plane: L7Plane, file: string, log: () => Log) {
    this.#path = `${historyFolder(file)}/kubernetes.json`;
    this.#log = log;
    plane.routesChanged = news => this.#hear(news);
  }

  /** Takes up what was kept. Never throws: what cannot be read is told of. */
  begin(): void {
    try {
      const kept = (readKept(this.#path) ?? {}) as Readonly<Record<string, unknown>>;
      this.#plans = new Map(Object.entries(kept).map(([source, plan]) => [source, readPlan(plan)]));
    } catch (fault) {
      const { message } = fault as Error;
      this.#log().error(
        `"${this.#path}" cannot be read: ${message}: routes of Kubernetes are those that are there now`,
      );
    }
  }

  /** The model with the routes of its sources; they are in force when `commit` says so. */
  apply(model: Model): Model {
    this.#prepared = { sources: model.http?.kubernetes ?? [], problems: new Map() };
    if (!model.http || model.http.kubernetes.length === 0) return model;
    const { http, problems } = withRoutes(model.http, new Map([...this.#plans, ...this.#next]));
    this.#prepared = { ...this.#prepared, problems };
    return { ...model, http };
  }

  /** What `apply` made last is in force. */
  commit(): void {
    this.#inForce = this.#prepared;
  }

  get shown(): readonly ShownRoutes[] {
    return this.#inForce.sources.map(({ label }) => this.#shownOf(label));
  }

  #shownOf(label: string): ShownRoutes {
    const { plan: _, ...news } = this.#news.get(label) ?? NO_NEWS;
    const plan = this.#plans.get(label);
    return {
      ...news,
      source: label,
      hosts: (plan?.hosts ?? []).map(({ host, listen, routes }) => ({
        host: `${host === '' ? '*' : host}${listen ? `:${listen.port}` : ''}`,
        routes: routes.length,
      })),
      services: plan?.services.length ?? 0,
      certificates: (plan?.certificates ?? []).map(({ name }) => name),
      problems: [...(plan?.problems ?? []), ...(this.#inForce.problems.get(label) ?? [])],
      refusal: this.#refusals.get(label),
    };
  }

  /** What the process without rights says is read word by word. */
  #hear(news: RouteNews): void {
    const source = this.#inForce.sources.find(({ label }) => label === news.source);
    if (!source) return; // of a configuration that was
    this.#news.set(news.source, news);
    if (!news.plan) return;
    try {
      this.#consider(source, readPlan(news.plan));
    } catch (fault) {
      this.#refuse(source.label, (fault as Error).message);
    }
  }

  #consider({ label, allowsEmpty }: KubernetesModel, plan: RoutePlan): void {
    const before = this.#plans.get(label);
    const count = ({ hosts }: RoutePlan) => hosts.reduce((sum, { routes }) => sum + routes.length, 0);
    if (before && count(plan) === 0 && count(before) > 0 && !allowsEmpty)
      return this.#refuse(label, 'there are no routes any more, so those that there were stay (allow_empty)');
    this.#refusals.delete(label);
    // While another one is on its way into force, what was before is something new.
    if (!this.#isBusy && JSON.stringify(plan) === JSON.stringify(before))
      return void this.#next.delete(label);
    this.#tellProblems(label, plan, before);
    this.#next.set(label, plan);
    // Who is busy looks for more when he is done.
    if (!this.#isBusy) this.#timer ??= setTimeout(() => void this.#bring(), 0);
  }

  #refuse(label: string, reason: string): void {
    if (this.#refusals.get(label) !== reason) this.#log().error(`kubernetes ${label}: ${reason}`);
    this.#refusals.set(label, reason);
  }

  #tellProblems(label: string, { problems }: RoutePlan, before: RoutePlan | undefined): void {
    const known = new Set((before?.problems ?? []).map(textOf));
    const fresh = problems.filter(one => !known.has(textOf(one)));
    for (const one of fresh.slice(0, MOST_TOLD)) this.#log().warn(`kubernetes ${label}: ${textOf(one)}`);
    if (fresh.length > MOST_TOLD)
      this.#log().warn(`kubernetes ${label}: ${fresh.length - MOST_TOLD} more, which moat kubernetes lists`);
  }

  /** One after the other, with a pause between. */
  async #bring(): Promise<void> {
    const { hands } = this;
    const next = new Map(hands ? this.#next : []); // moat is starting: after a pause it has started
    this.#isBusy = true;
    try {
      if (hands && next.size > 0) {
        await hands.reroute();
        this.#keep(next);
      }
    } catch (fault) {
      for (const label of next.keys())
        this.#refuse(label, `the routes are not in force: ${(fault as Error).message}`);
    }
    // What could not be brought is tried again with the next change, not in a circle.
    for (const [label, plan] of next) if (this.#next.get(label) === plan) this.#next.delete(label);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isBusy = false;
      if (this.#next.size > 0) void this.#bring();
    }, LEAST_PAUSE_MS).unref();
  }

  #keep(next: ReadonlyMap<string, RoutePlan>): void {
    const labels = new Set(this.#inForce.sources.map(({ label }) => label));
    this.#plans = new Map([...this.#plans, ...next].filter(([label]) => labels.has(label)));
    for (const [label, { hosts, problems }] of next)
      this.#log().notice(
        `kubernetes ${label}: ${hosts.length} hosts are in force, ${problems.length} things left out`,
      );
    try {
      keepJson(this.#path, this.#plans.size === 0 ? undefined : Object.fromEntries(this.#plans));
    } catch (fault) {
      const { message } = fault as Error;
      this.#log().error(
        `"${this.#path}" cannot be written: ${message}: a start without the API server has no routes`,
      );
    }
  }
}

const NO_NEWS: RouteNews = {
  source: '',
  ...{ state: 'waiting', error: undefined, failures: 0, plannedMs: undefined, plan: undefined },
};

const textOf = ({ object, reason }: RouteProblem) => `${object}: ${reason}`;
