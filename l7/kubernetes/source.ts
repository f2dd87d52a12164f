/** Objects of one API server, followed kind by kind; what they come to is told when all kinds are known, and when it is another. */
import type { Log } from '#kit/log.ts';
import type { KubernetesModel, RoutePlan } from '#model/l7/kubernetes.ts';
import { Refusal } from '../discovery/answer.ts';
import { Caller, StatusFault } from '../discovery/caller.ts';
import type { FollowHands } from '../discovery/follow.ts';
import { followObjects } from '../discovery/object-stream.ts';
import { pause } from '../discovery/pause.ts';
import { type Held, heldOf, type Objects } from './object.ts';
import { planOf } from './plan.ts';
import { KINDS, type Kind, type Resource, resourcesOf } from './resources.ts';

export interface RouteMeans {
  readonly log: () => Log;
  /** ms since 1970. */
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly read: FollowHands['read'];
  readonly tell: (news: RouteNews) => void;
  /** After the first fault; a second where it is not said. */
  readonly firstPauseMs?: number;
}

/** How a source of routes is doing. */
export interface RouteNews {
  readonly source: string;
  /** `waiting`: not all kinds are known yet; `stale`: one of them fails, and what was known stays. */
  readonly state: 'waiting' | 'current' | 'stale';
  readonly error: string | undefined;
  /** Questions that failed or were answered with nonsense, since the process began. */
  readonly failures: number;
  /** When the plan was made, in ms since 1970. */
  readonly plannedMs: number | undefined;
  /** Undefined: as it was told before. */
  readonly plan: RoutePlan | undefined;
}

const FIRST_PAUSE_MS = 1000;
const MOST_PAUSE_MS = 60_000;
/** Many objects change together. */
const GATHER_MS = 100;
const MOST_BYTES = 64 << 20;
const MOST_ERROR = 300;
const NOT_FOUND = 404;

export class RouteSource {
  readonly model: KubernetesModel;
  readonly #means: RouteMeans;
  readonly #end = new AbortController();
  readonly #known = new Map<Kind, ReadonlyMap<string, Held>>();
  readonly #wanted: readonly Resource[];
  /** Of kinds that fail now. */
  readonly #faults = new Map<Kind, string>();
  #failures = 0;
  #told = '';
  #plannedMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(model: KubernetesModel, means: RouteMeans) {
    this.model = model;
    this.#means = means;
    this.#wanted = resourcesOf(model);
    for (const resource of this.#wanted) void this.#run(resource);
  }

  close(): void {
    this.#end.abort();
    clearTimeout(this.#timer);
  }

  async #run(resource: Resource): Promise<void> {
    const { signal } = this.#end;
    let faults = 0;
    const succeeded = () => {
      faults = 0;
    };
    while (!signal.aborted) {
      let isAbsent = false;
      try {
        await this.#follow(resource, succeeded);
      } catch (fault) {
        if (signal.aborted) return;
        isAbsent = this.#isAbsent(resource, fault);
        faults = isAbsent ? 0 : faults + 1;
        if (!isAbsent) this.#fail(resource.kind, fault as Error);
      }
      await pause(isAbsent ? MOST_PAUSE_MS : this.#pauseMs(faults), signal);
    }
  }

  /** Many moats that lose one server do not all come back at once. */
  #pauseMs(faults: number): number {
    const { random, firstPauseMs = FIRST_PAUSE_MS } = this.#means;
    const mostMs = Math.min(MOST_PAUSE_MS, firstPauseMs * 2 ** Math.max(0, faults - 1));
    return mostMs * (0.5 + random() / 2);
  }

  async #follow({ kind, path, query }: Resource, succeeded: () => void): Promise<void> {
    const { place, caPath, tokenPath, mostObjects } = this.model;
    const { read } = this.#means;
    const ca = caPath === undefined ? undefined : (await read(caPath))?.text;
    const objects = new Map<string, Held>();
    let bytes = 0;
    const drop = (id: string) => {
      bytes -= objects.get(id)?.bytes ?? 0;
      objects.delete(id);
    };
    const hands = {
      put: (value: unknown) => {
        const object = heldOf(value);
        drop(object.id);
        objects.set(object.id, object);
        bytes += object.bytes;
        if (objects.size > mostObjects)
          throw new Refusal(`there are more than ${mostObjects} ${kind} (max_objects)`);
        if (bytes > MOST_BYTES)
          throw new Refusal(`all ${kind} together are longer than ${MOST_BYTES >> 20} MB`);
      },
      remove: (value: unknown) => drop(heldOf(value).id),
      whole: () => {
        succeeded();
        this.#take(kind, objects);
      },
    };
    await followObjects(
      { caller: new Caller(place, ca), path, query, tokenPath, read },
      hands,
      this.#end.signal,
    );
  }

  /** A kind that the server does not know; but not one of which it gave us some before: it has only just started. */
  #isAbsent({ kind, maybeAbsent }: Resource, fault: unknown): boolean {
    if (!maybeAbsent || !(fault instanceof StatusFault) || fault.status !== NOT_FOUND) return false;
    if ((this.#known.get(kind)?.size ?? 0) > 0) return false;
    this.#take(kind, new Map());
    return true;
  }

  #take(kind: Kind, objects: ReadonlyMap<string, Held>): void {
    this.#known.set(kind, objects);
    const wasFaulty = this.#faults.delete(kind);
    if (wasFaulty && this.#faults.size === 0)
      this.#means.log().notice(`kubernetes ${this.model.label}: it answers again`);
    this.#timer ??= setTimeout(() => this.#plan(), GATHER_MS);
  }

  #plan(): void {
    this.#timer = undefined;
    if (this.#end.signal.aborted || this.#wanted.some(({ kind }) => !this.#known.has(kind))) return;
    const none: ReadonlyMap<string, Held> = new Map();
    const objects = Object.fromEntries(KINDS.map(kind => [kind, this.#known.get(kind) ?? none])) as Objects;
    const plan = planOf(objects, this.model);
    const text = JSON.stringify(plan);
    this.#plannedMs = this.#means.nowMs();
    const isNew = text !== this.#told;
    this.#told = text;
    this.#tell(isNew ? plan : undefined);
  }

  #fail(kind: Kind, fault: Error): void {
    const message = fault.message.slice(0, MOST_ERROR);
    const isNews = ![...this.#faults.values()].includes(message); // one server that is away is one fault
    this.#faults.set(kind, message);
    this.#failures++;
    if (isNews)
      this.#means.log().error(`kubernetes ${this.model.label}: ${kind}: ${message}: routes stay as they are`);
    this.#tell(undefined);
  }

  #tell(plan: RoutePlan | undefined): void {
    const [fault] = this.#faults;
    const error = fault && `${fault[0]}: ${fault[1]}`;
    const isWhole = this.#wanted.every(({ kind }) => this.#known.has(kind));
    this.#means.tell({
      source: this.model.label,
      state: error !== undefined ? 'stale' : isWhole ? 'current' : 'waiting',
      error,
      failures: this.#failures,
      plannedMs: this.#plannedMs,
      plan,
    });
  }
}

/** The sources of the configuration in force. */
export class RouteBook {
  readonly #means: RouteMeans;
  readonly #sources = new Map<string, RouteSource>();

  constructor(means: RouteMeans) {
    this.#means = means;
  }

  /** Follows these, and no others. */
  follow(models: readonly KubernetesModel[]): void {
    const wanted = new Map(models.map(model => [keyOf(model), model]));
    for (const [key, source] of this.#sources) {
      if (wanted.has(key)) continue;
      source.close();
      this.#sources.delete(key);
    }
    for (const [key, model] of wanted)
      if (!this.#sources.has(key)) this.#sources.set(key, new RouteSource(model, this.#means));
  }
}

/** Which server it stands in makes no difference to what is read. */
const keyOf = ({ server: _, ...model }: KubernetesModel): string => JSON.stringify(model);
