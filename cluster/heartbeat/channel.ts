/** What two nodes say to each other: sealed, by every path at once; and what is refused of what comes. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { Log } from '../log.ts';
import type { Incidents } from './incidents.ts';
import { type Kind, type Packet, seal, unseal } from './packet.ts';
import { Paths } from './paths.ts';
import { Refused } from './refused.ts';
import { Session } from './session.ts';

export interface ChannelOptions {
  readonly log: Log;
  readonly incidents: Incidents;
  nowMs(): number;
  /** Who is heard is met by nobody else. */
  isHeard(): boolean;
  /** A packet of the other node that was sent now. @returns false: what it says cannot be understood */
  hear(packet: Packet): boolean;
  /** The one that was open until now in this process: who was met stays met. */
  readonly before: Channel | undefined;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #key: KeyObject;
  readonly #session: Session;
  readonly #refused: Refused;
  readonly #paths: Paths;

  constructor(model: HeartbeatModel, options: ChannelOptions) {
    const { nowMs, log, incidents, before } = options;
    this.#options = options;
    this.#key = createSecretKey(Buffer.from(model.key, 'latin1'));
    this.#session = before?.#session ?? new Session();
    this.#refused = new Refused(log, nowMs);
    this.#paths = new Paths(model, {
      nowMs,
      hear: (datagram, at) => this.#hear(datagram, at),
      stranger: address => this.#refused.add('stranger', address),
      turned: (what, carries) => {
        incidents.note(what);
        log[carries ? 'notice' : 'warn'](`heartbeat: ${what}`);
      },
    });
  }

  send(kind: Kind, body: unknown): void {
    const head = this.#session.next(this.#options.nowMs() * 1000);
    this.#paths.send(route => seal({ ...head, kind, body }, route, this.#key));
  }

  #hear(datagram: Buffer, at: number): void {
    const route = this.#paths.routeOf(at);
    const got = unseal(datagram, route, this.#key);
    if (typeof got === 'string') return this.#refused.add(got, route.source);
    const taken = this.#session.take(got, at, !this.#options.isHeard());
    if (taken === 'greeting') return;
    if (taken !== 'fresh') return this.#refused.add(taken, route.source);
    this.#paths.heard(at);
    if (!this.#options.hear(got)) this.#refused.add('malformed', route.source);
  }

  /** Paths that fell silent, or carry again, are told. */
  watch(): void {
    this.#paths.watch();
  }

  figures() {
    return { paths: this.#paths.figures(), drops: this.#refused.figures() };
  }

  close(): void {
    this.#paths.close();
  }
}
