/** Keeps the events that workers tell of, in the file that the configuration in force names. */
import type { Log } from '#kit/log.ts';
import type { WafEventBatch } from '#l7';
import type { HttpModel } from '#model/l7/http.ts';
import type { WafEventStore } from '#model/waf-event.ts';
import { EventStore } from './event-store.ts';

/** A disk that refuses events is told of once in this time. */
const TELL_EVERY_MS = 60_000;

export class EventKeeper {
  log: Pick<Log, 'error' | 'warn'> = { error() {}, warn() {} };
  #wanted: WafEventStore | undefined;
  #store: EventStore | undefined;
  #lost = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** Undefined: nothing is kept. */
  get path(): string | undefined {
    return this.#wanted?.path;
  }

  /** Takes up the store of a configuration that has come into force. A file that cannot be made costs events, not service. */
  follow(http: HttpModel | undefined): void {
    const wanted = http?.wafEvents;
    if (wanted?.path === this.#wanted?.path && wanted?.limitBytes === this.#wanted?.limitBytes) return;
    this.close();
    this.#wanted = wanted;
    // Where no rules are there may be no event ever, and then there is no file.
    if (http && http.wafRules.length > 0) this.#open();
  }

  /** Workers go on whatever becomes of it. */
  readonly add = ({ events, dropped, learned }: WafEventBatch): void => {
    if (!this.#wanted) return;
    try {
      this.#store ?? this.#open();
      if (!this.#store) this.#lost += events.length;
      else if (events.length > 0) this.#store.add(events);
      if (learned.length > 0) this.#store?.learn(learned);
      this.#lost += dropped;
      if (this.#lost > 0) this.#tell(`${this.#lost} events of the WAF were not kept`);
    } catch (fault) {
      this.#lost += events.length;
      this.#tell(`events of the WAF cannot be kept in "${this.#wanted.path}": ${(fault as Error).message}`);
    }
  };

  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  #open(): void {
    if (!this.#wanted) return;
    try {
      this.#store = new EventStore(this.#wanted, message => this.log.warn(message));
    } catch (fault) {
      this.#tell(
        `the events of the WAF cannot be kept in "${this.#wanted.path}": ${(fault as Error).message}`,
      );
    }
  }

  #tell(message: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#lost = 0;
    this.log.error(message);
  }
}
