/**
 * Objects of one kind by the API server of Kubernetes: listed, and then watched.
 * Facts: kubernetes.io/docs/reference/using-api/api-concepts (lists in chunks, watches, 410, bookmarks).
 */
import { fieldsOf, listOrNone, quoted, Refusal, TooLong, textOf } from './answer.ts';
import { type Caller, StatusFault } from './caller.ts';
import { type FollowHands, secretOf } from './follow.ts';

const LIST_IDLE_MS = 15_000;
const WATCH_S = 300;
const WATCH_IDLE_MS = (WATCH_S + 30) * 1000;
/** Objects in a part of a list; fewer where that is too long, for nobody's objects may keep those of others out. */
const CHUNK = { most: 250, least: 8 };
const MOST_CHUNKS = 10_000;
const GONE = 410;

export interface ObjectPlace {
  readonly caller: Caller;
  /** `/apis/GROUP/VERSION/…`, without a query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly tokenPath: string | undefined;
  readonly read: FollowHands['read'];
}

/** What becomes of objects. Each may throw a Refusal: all is listed anew after a pause then. */
export interface ObjectHands {
  readonly put: (object: unknown) => void;
  readonly remove: (object: unknown) => void;
  /** What was told so far is whole: the end of a list, a change. */
  readonly whole: () => void;
}

/**
 * Follows until the server has forgotten where we are, or fails.
 *
 * @throws {Error} with the reason
 */
export async function followObjects(
  place: ObjectPlace,
  hands: ObjectHands,
  signal: AbortSignal,
): Promise<void> {
  const stream = new ObjectStream(place, hands, signal);
  try {
    await stream.list();
    while (!signal.aborted) await stream.watch();
  } catch (fault) {
    // What the server has forgotten cannot be watched from: all is listed anew.
    if (!(fault instanceof StatusFault) || fault.status !== GONE) throw fault;
  }
}

/** From a list to the end of what can be watched after it. */
class ObjectStream {
  readonly #place: ObjectPlace;
  readonly #hands: ObjectHands;
  readonly #signal: AbortSignal;
  #version = '';
  #chunk = CHUNK.most;

  constructor(place: ObjectPlace, hands: ObjectHands, signal: AbortSignal) {
    this.#place = place;
    this.#hands = hands;
    this.#signal = signal;
  }

  async #asking(query: Readonly<Record<string, string>>, idleMs: number) {
    const { path, query: always, tokenPath, read } = this.#place;
    const token = await secretOf(tokenPath, { read });
    return {
      path: `${path}?${new URLSearchParams({ ...always, ...query })}`,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      ...{ idleMs, signal: this.#signal },
    };
  }

  /** @throws {Error} */
  async list(): Promise<void> {
    let more = '';
    for (let chunk = 0; chunk === 0 || more !== ''; chunk++) {
      if (chunk === MOST_CHUNKS) throw new Refusal(`the list goes on after ${MOST_CHUNKS} parts`);
      const { metadata, items } = fieldsOf(await this.#part(more), 'the answer');
      const { resourceVersion, continue: next } = fieldsOf(metadata, 'metadata');
      for (const item of listOrNone(items, 'items')) this.#hands.put(item);
      this.#version = textOf(resourceVersion, 'metadata.resourceVersion');
      more = next === undefined ? '' : textOf(next, 'metadata.continue');
    }
    this.#hands.whole();
  }

  async #part(more: string): Promise<unknown> {
    for (;;)
      try {
        const query = { limit: `${this.#chunk}`, ...(more !== '' && { continue: more }) };
        return (await this.#place.caller.json(await this.#asking(query, LIST_IDLE_MS))).value;
      } catch (fault) {
        if (!(fault instanceof TooLong) || this.#chunk === CHUNK.least) throw fault;
        this.#chunk = Math.max(CHUNK.least, this.#chunk >> 2);
      }
  }

  /** Until the server ends it, which it does from time to time. @throws {StatusFault} 410 when its version is forgotten */
  async watch(): Promise<void> {
    const query = {
      ...{ watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: `${WATCH_S}` },
      resourceVersion: this.#version,
    };
    const startedMs = performance.now();
    let messages = 0;
    for await (const message of this.#place.caller.messages(await this.#asking(query, WATCH_IDLE_MS))) {
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
    if (type === 'DELETED') this.#hands.remove(object);
    else if (type === 'ADDED' || type === 'MODIFIED') this.#hands.put(object);
    else if (type !== 'BOOKMARK') throw new Refusal('a message has an unknown type');
    if (type !== 'BOOKMARK') this.#hands.whole();
    this.#version = textOf(resourceVersion, 'object.metadata.resourceVersion');
  }
}

/** The Status object of a watch that cannot go on. */
function faultOf(object: unknown): Error {
  const { code, message } = fieldsOf(object, 'object');
  const said = typeof message === 'string' ? quoted(message) : '';
  return new StatusFault(typeof code === 'number' ? code : 0, said);
}
