/**
 * Servers packed for the way to another process: each thread opens only those that it is asked for.
 *
 * A worker must not stand still while ten thousand servers are read that nobody may ever ask. What many servers share
 * (settings that they inherit) crosses once, and is one object for all of them again on the other side.
 */
import { deserialize, serialize } from 'node:v8';
import { deepFreeze } from '#kit/freeze.ts';
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import { RowReader, RowWriter, type ServerRow, type SharedParts } from './server-row.ts';

export interface PackedServers {
  /** What finding a server needs; one each. */
  readonly heads: readonly Head[];
  readonly shared: SharedParts;
  /** The servers themselves, CRATE of them serialized together, one crate after the other. */
  readonly bytes: Uint8Array;
  /** Where each crate ends. */
  readonly ends: readonly number[];
}

type Head = Pick<ServerModel, 'names' | 'serverName' | 'listens'>;

/** So many servers are opened together: fewer would repeat more of what they share among themselves. */
const CRATE = 16;

export function packServers(servers: readonly ServerModel[]): PackedServers {
  const writer = new RowWriter(servers);
  const crates: Buffer[] = [];
  for (let at = 0; at < servers.length; at += CRATE)
    crates.push(serialize(servers.slice(at, at + CRATE).map(server => writer.row(server))));
  let end = 0;
  return {
    heads: servers.map(({ names, serverName, listens }) => ({ names, serverName, listens })),
    shared: writer.shared(),
    bytes: Buffer.concat(crates),
    ends: crates.map(crate => (end += crate.length)),
  };
}

/** The servers again; each is opened, with its neighbours, when more of it is asked for than its head. */
export function unpackServers(packed: PackedServers): readonly ServerModel[] {
  const reader = new RowReader(packed.shared);
  const crates = packed.ends.map(
    (end, at) => new Crate(packed.bytes.subarray(packed.ends[at - 1] ?? 0, end), reader),
  );
  return packed.heads.map((head, at) => new CratedServer(head, crates[Math.floor(at / CRATE)]!, at % CRATE));
}

type Inside = ReturnType<RowReader['server']>;

class Crate {
  readonly #bytes: Uint8Array;
  readonly #reader: RowReader;
  #servers: readonly Inside[] | undefined;

  constructor(bytes: Uint8Array, reader: RowReader) {
    this.#bytes = bytes;
    this.#reader = reader;
  }

  get servers(): readonly Inside[] {
    this.#servers ??= (deserialize(this.#bytes) as ServerRow[]).map(row =>
      deepFreeze(this.#reader.server(row)),
    );
    return this.#servers;
  }
}

class CratedServer implements ServerModel {
  readonly names: ServerModel['names'];
  readonly serverName: string;
  readonly listens: readonly string[];
  readonly #crate: Crate;
  readonly #at: number;

  constructor(head: Head, crate: Crate, at: number) {
    this.names = head.names;
    this.serverName = head.serverName;
    this.listens = head.listens;
    this.#crate = crate;
    this.#at = at;
  }

  get core(): ServerModel['core'] {
    return this.#inside.core;
  }

  get tls(): ServerModel['tls'] {
    return this.#inside.tls;
  }

  get root(): LocationModel {
    return this.#inside.root;
  }

  get site(): ServerModel['site'] {
    return this.#inside.site;
  }

  get #inside(): Inside {
    return this.#crate.servers[this.#at]!;
  }
}
