/** All paths to the other node: everything goes by each, and one that falls silent or carries again is told. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { PathFigures } from './figures.ts';
import type { Route } from './packet.ts';
import { Path } from './path.ts';

export interface PathsOptions {
  nowMs(): number;
  hear(datagram: Buffer, at: number): void;
  stranger(address: string): void;
  /** A path fell silent, or carries again. */
  turned(what: string, carries: boolean): void;
}

export class Paths {
  readonly #timeoutMs: number;
  readonly #options: PathsOptions;
  readonly #all: readonly Path[];
  /** Whether something came by it of late, when it was looked at last. */
  readonly #carried = new Map<Path, boolean>();

  constructor({ paths, port, timeoutMs }: HeartbeatModel, options: PathsOptions) {
    this.#timeoutMs = timeoutMs;
    this.#options = options;
    const { stranger } = options;
    this.#all = paths.map(
      (path, at) => new Path(path, { port, stranger, hear: datagram => options.hear(datagram, at) }),
    );
  }

  /** @param make a packet for one path */
  send(make: (route: Route) => Buffer): void {
    for (const path of this.#all) {
      const { local, peer } = path.model;
      path.send(make({ source: local, destination: peer }));
    }
  }

  /** How packets come that are heard by this path. */
  routeOf(at: number): Route {
    const { local, peer } = this.#all[at]!.model;
    return { source: peer, destination: local };
  }

  heard(at: number): void {
    this.#all[at]!.heardMs = this.#options.nowMs();
  }

  #carries({ heardMs }: Path): boolean {
    return heardMs !== undefined && this.#options.nowMs() - heardMs < this.#timeoutMs;
  }

  watch(): void {
    for (const path of this.#all) {
      const carries = this.#carries(path);
      const before = this.#carried.get(path);
      if (before === undefined && !carries) continue; // it was never heard yet
      this.#carried.set(path, carries);
      if (before === undefined || before === carries) continue;
      const { local, peer } = path.model;
      this.#options.turned(
        `the path ${local} to ${peer} ${carries ? 'carries again' : 'is silent'}`,
        carries,
      );
    }
  }

  figures(): PathFigures[] {
    const nowMs = this.#options.nowMs();
    return this.#all.map(path => {
      const { model, fault, sendFailures, heardMs } = path;
      const ageMs = heardMs === undefined ? undefined : Math.round(nowMs - heardMs);
      return {
        ...{ local: model.local, peer: model.peer, fault, sendFailures, ageMs },
        carries: this.#carries(path),
      };
    });
  }

  close(): void {
    for (const path of this.#all) path.close();
  }
}
