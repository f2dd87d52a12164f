/** The stream of events: a snapshot, then what has changed, once a second, as server-sent events. One look serves all who watch. */
import type { ServerResponse } from 'node:http';
import type { Caller, Credentials } from '../http/credentials.ts';
import { busy } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { type Json, mergePatch } from './merge-patch.ts';
import { pictureOf } from './picture.ts';

const EVERY_MS = 1000;
/** So that both ends, and what is between, see that the other one is there. */
const QUIET_MS = 15_000;
const MOST_WATCHING = 32;
/** Who has so much in front of him does not read: he may come again, for a new snapshot. */
const MOST_UNREAD_BYTES = 1 << 20;

interface Watcher {
  readonly response: ServerResponse;
  readonly caller: Caller;
  hasSnapshot: boolean;
}

export class Feed {
  readonly #desk: RemoteDesk;
  readonly #credentials: Pick<Credentials, 'isGood'>;
  readonly #watching = new Set<Watcher>();
  #picture: Json | undefined;
  #seq = 0;
  #saidMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(desk: RemoteDesk, credentials: Pick<Credentials, 'isGood'>) {
    this.#desk = desk;
    this.#credentials = credentials;
  }

  /** @throws {Refusal} when too many watch */
  readonly join = (response: ServerResponse, caller: Caller): void => {
    if (this.#watching.size >= MOST_WATCHING) throw busy('too many watch', 10);
    const watcher: Watcher = { response, caller, hasSnapshot: false };
    this.#watching.add(watcher);
    response.once('close', () => this.#leave(watcher));
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    this.#timer ??= setTimeout(() => void this.#look());
  };

  close(): void {
    for (const { response } of this.#watching) response.end();
    clearTimeout(this.#timer);
  }

  #leave(watcher: Watcher): void {
    this.#watching.delete(watcher);
    if (this.#watching.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#picture = undefined;
  }

  async #look(): Promise<void> {
    const now = await this.#desk.read('status', undefined).then(pictureOf, () => undefined);
    if (this.#watching.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), EVERY_MS);
    if (now !== undefined) this.#show(now);
    else this.#say('control does not answer');
  }

  #show(now: Json): void {
    const patch = this.#picture === undefined ? undefined : mergePatch(this.#picture, now);
    if (patch !== undefined) this.#seq++;
    this.#picture = now;
    const delta = patch === undefined ? undefined : this.#event('delta', patch);
    let snapshot: string | undefined;
    for (const watcher of this.#watching) {
      if (watcher.hasSnapshot) this.#send(watcher, delta);
      else this.#send(watcher, (snapshot ??= this.#event('snapshot', now)));
      watcher.hasSnapshot = true;
    }
    const nowMs = performance.now();
    if (delta !== undefined) this.#saidMs = nowMs;
    else if (nowMs - this.#saidMs > QUIET_MS) this.#say('all is as it was');
  }

  #event(name: string, data: Json): string {
    return `id: ${this.#seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /** A comment, which clients do not see. */
  #say(comment: string): void {
    this.#saidMs = performance.now();
    for (const watcher of this.#watching) this.#send(watcher, `: ${comment}\n\n`);
  }

  #send({ response, caller }: Watcher, text: string | undefined): void {
    if (!this.#credentials.isGood(caller))
      response.end(); // revoked, or ended
    else if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    else if (text !== undefined) response.write(text, 'latin1');
  }
}
