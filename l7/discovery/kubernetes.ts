/**
 * Members by the API server of Kubernetes: the EndpointSlices of a Service, listed and then watched.
 * Facts: kubernetes.io/docs/reference/using-api/api-concepts (lists in chunks, watches, 410, bookmarks).
 */
import { type KubernetesDiscovery, POD_FOLDER } from '#model/l7/discovery.ts';
import { fieldsOf, listOrNone, quoted, Refusal, textOf } from './answer.ts';
import { Caller, StatusFault } from './caller.ts';
import { readSlice } from './endpoint-slice.ts';
import { type Follow, type FollowHands, secretOf } from './follow.ts';
import type { Found } from './found.ts';

const LIST_IDLE_MS = 15_000;
const WATCH_S = 300;
const WATCH_IDLE_MS = (WATCH_S + 30) * 1000;
const CHUNK = 250;
const MOST_CHUNKS = 100;
const GONE = 410;

export const followKubernetes =
  (model: KubernetesDiscovery): Follow =>
  async (hands, signal) => {
    const session = await Session.open(model, hands, signal);
    try {
      await session.list();
      while (!signal.aborted) await session.watch();
    } catch (fault) {
      // What the server has forgotten cannot be watched from: all is listed anew.
      if (!(fault instanceof StatusFault) || fault.status !== GONE) throw fault;
    }
  };

/** From a list to the end of what can be watched after it. */
class Session {
  readonly #model: KubernetesDiscovery;
  readonly #hands: FollowHands;
  readonly #signal: AbortSignal;
  readonly #caller: Caller;
  readonly #path: string;
  readonly #slices = new Map<string, readonly Found[]>();
  #version = '';

  private constructor(
    model: KubernetesDiscovery,
    hands: FollowHands,
    signal: AbortSignal,
    caller: Caller,
    namespace: string,
  ) {
    this.#model = model;
    this.#hands = hands;
    this.#signal = signal;
    this.#caller = caller;
    this.#path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  }

  static async open(model: KubernetesDiscovery, hands: FollowHands, signal: AbortSignal): Promise<Session> {
    const ca = model.caPath === undefined ? undefined : (await hands.read(model.caPath))?.text;
    const namespace = model.namespace ?? (await secretOf(`${POD_FOLDER}/namespace`, hands)) ?? '';
    return new Session(model, hands, signal, new Caller(model.place, ca), encodeURIComponent(namespace));
  }

  async #asking(query: Readonly<Record<string, string>>, idleMs: number) {
    const labelSelector = `kubernetes.io/service-name=${this.#model.service}`;
    const token = await secretOf(this.#model.tokenPath, this.#hands);
    return {
      path: `${this.#path}?${new URLSearchParams({ labelSelector, ...query })}`,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      ...{ idleMs, signal: this.#signal },
    };
  }

  /** @throws {Error} */
  async list(): Promise<void> {
    let more = '';
    for (let chunk = 0; chunk === 0 || more !== ''; chunk++) {
      if (chunk === MOST_CHUNKS) throw new Refusal(`the list goes on after ${MOST_CHUNKS} parts`);
      const query = { limit: `${CHUNK}`, ...(more !== '' && { continue: more }) };
      const { value } = await this.#caller.json(await this.#asking(query, LIST_IDLE_MS));
      const { metadata, items } = fieldsOf(value, 'the answer');
      const { resourceVersion, continue: next } = fieldsOf(metadata, 'metadata');
      for (const item of listOrNone(items, 'items')) this.#put(item);
      this.#version = textOf(resourceVersion, 'metadata.resourceVersion');
      more = next === undefined ? '' : textOf(next, 'metadata.continue');
    }
    this.#take();
  }

  /** Until the server ends it, which it does from time to time. @throws {StatusFault} 410 when its version is forgotten */
  async watch(): Promise<void> {
    const query = {
      ...{ watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: `${WATCH_S}` },
      resourceVersion: this.#version,
    };
    const startedMs = performance.now();
    let messages = 0;
    for await (const message of this.#caller.messages(await this.#asking(query, WATCH_IDLE_MS))) {
      messages++;
      this.#hear(message);
    }
    if (messages === 0 && performance.now() - startedMs < 1000)
      throw new Error('the watch ended as it began');
  }

  #hear(message: unknown): void {
    const { type, object } = fieldsOf(message, 'a message');
    if (type === 'ERROR') throw faultOf(object);
    const fields = fieldsOf(object, 'object');
    const { resourceVersion } = fieldsOf(fields['metadata'], 'object.metadata');
    if (type === 'DELETED') this.#slices.delete(readSlice(object, this.#model.port).name);
    else if (type === 'ADDED' || type === 'MODIFIED') this.#put(object);
    else if (type !== 'BOOKMARK') throw new Refusal('a message has an unknown type');
    if (type !== 'BOOKMARK') this.#take();
    this.#version = textOf(resourceVersion, 'object.metadata.resourceVersion');
  }

  /** Slices of two families, and of a change under way, name members again: the bound is for what is held. */
  #put(item: unknown): void {
    const { name, found } = readSlice(item, this.#model.port);
    this.#slices.set(name, found);
    const most = this.#model.mostMembers;
    const held = [...this.#slices.values()].reduce((sum, { length }) => sum + length, this.#slices.size);
    if (held > 8 * most + 64)
      throw new Refusal(`its slices name ${held} endpoints, and max_members is ${most}`);
  }

  #take(): void {
    this.#hands.take([...this.#slices.values()].flat());
  }
}

/** The Status object of a watch that cannot go on. */
function faultOf(object: unknown): Error {
  const { code, message } = fieldsOf(object, 'object');
  const said = typeof message === 'string' ? quoted(message) : '';
  return new StatusFault(typeof code === 'number' ? code : 0, said);
}
