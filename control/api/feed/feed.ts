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
/** Who has so much in front of him is told nothing more until he has read it; then he gets a new snapshot, and fewer of them. */
const MOST_UNREAD_BYTES = 64 << 10;
/** Who reads nothing for so long is gone. */
const BEHIND_MS = 60_000;

interface Watcher {
  readonly response: ServerResponse;
  readonly caller: Caller;
  hasSnapshot: boolean;
  /** Since when he has much in front of him. */
  behindSinceMs: number | undefined;
}

export class Feed {
  readonly #desk: Pick<RemoteDesk, 'read'>;
  readonly #credentials: Pick<Credentials, 'isGood'>;
  readonly #watching = new Set<Watcher>();
  #picture: Json | undefined;
  #seq = 0;
  #saidMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #everyMs: number;
  readonly #now: () => number;

  /** @param now ms of a clock that does not go back */
  constructor(
    desk: Pick<RemoteDesk, 'read'>,
    credentials: Pick<Credentials, 'isGood'>,
    { everyMs = EVERY_MS, now = () => performance.now() } = {},
  ) {
    this.#desk = desk;
    this.#credentials = credentials;
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /** @throws {Refusal} when too many watch */
  readonly join = (response: ServerResponse, caller: Caller): void => {
    if (this.#watching.size >= MOST_WATCHING) throw busy('too many watch', 10);
    const watcher: Watcher = { response, caller, hasSnapshot: false, behindSinceMs: undefined };
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
    this.#timer = setTimeout(() => void this.#look(), this.#everyMs);
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
      else watcher.hasSnapshot = this.#send(watcher, (snapshot ??= this.#event('snapshot', now)));
    }
    const nowMs = this.#now();
    if (delta !== undefined) this.#saidMs = nowMs;
    else if (nowMs - this.#saidMs > QUIET_MS) this.#say('all is as it was');
  }

  #event(name: string, data: Json): string {
    return `id: ${this.#seq}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /** A comment, which clients do not see. */
  #say(comment: string): void {
    this.#saidMs = this.#now();
    for (const watcher of this.#watching) this.#send(watcher, `: ${comment}\n\n`);
  }

  /** @returns whether it was sent: not to who has much to read still, who needs a new snapshot then */
  #send(watcher: Watcher, text: string | undefined): boolean {
    const { response, caller } = watcher;
    if (!this.#credentials.isGood(caller)) {
      response.end(); // revoked, or ended
      return false;
    }
    if (response.writableLength > MOST_UNREAD_BYTES) {
      watcher.hasSnapshot = false;
      watcher.behindSinceMs ??= this.#now();
      if (this.#now() - watcher.behindSinceMs > BEHIND_MS) response.destroy();
      return false;
    }
    watcher.behindSinceMs = undefined;
    if (text !== undefined) response.write(text, 'latin1');
    return true;
  }
}
