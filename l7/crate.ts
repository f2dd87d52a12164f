/**
 * Servers packed for the way to another process: each thread opens only those that it is asked for.
 *
 * A worker must not stand still while ten thousand servers are read that nobody may ever ask. What many servers share
 * (settings that they inherit) crosses once, and is one object for all of them again on the other side.
 */
import { deserialize, serialize } from 'node:v8';
import { deepFreeze } from '#kit/freeze.ts';
import type { LocationModel, ServerModel } from '#model/l7/http.ts';
import { DEFAULT_SETTINGS, type Settings } from '#model/l7/settings.ts';

export interface PackedServers {
  /** What finding a server needs; one row each. */
  readonly heads: readonly Pick<ServerModel, 'names' | 'serverName' | 'listens'>[];
  /** Slices of settings that several servers share. */
  readonly slices: readonly object[];
  /** The servers themselves, CRATE of them serialized together, one crate after the other. */
  readonly bytes: Uint8Array;
  /** Where each crate ends. */
  readonly ends: readonly number[];
}

/** So many servers are opened together: fewer would repeat more of what they share among themselves. */
const CRATE = 8;

type SliceName = keyof Settings;
const SLICES = Object.keys(DEFAULT_SETTINGS) as SliceName[];
/** A slice, or its number among the shared ones. */
type Packed = Record<SliceName, object | number>;
type Repack = (settings: Settings) => Settings;

export function packServers(servers: readonly ServerModel[]): PackedServers {
  const shared = sharedSlices(servers);
  const numbers = new Map([...shared].map((slice, number) => [slice, number]));
  const repack = remembering(settings => pack(settings, numbers));
  const crates: Buffer[] = [];
  for (let at = 0; at < servers.length; at += CRATE)
    crates.push(serialize(servers.slice(at, at + CRATE).map(server => withSettings(server, repack))));
  let end = 0;
  return {
    heads: servers.map(({ names, serverName, listens }) => ({ names, serverName, listens })),
    slices: [...shared],
    bytes: Buffer.concat(crates),
    ends: crates.map(crate => (end += crate.length)),
  };
}

/** The servers again; each is opened, with its neighbours, when more of it is asked for than its head. */
export function unpackServers(packed: PackedServers): readonly ServerModel[] {
  const repack = remembering(settings => unpack(settings, packed.slices));
  const crates = packed.ends.map(
    (end, at) => new Crate(packed.bytes.subarray(packed.ends[at - 1] ?? 0, end), repack),
  );
  return packed.heads.map((head, at) => new CratedServer(head, crates[Math.floor(at / CRATE)]!, at % CRATE));
}

class Crate {
  readonly #bytes: Uint8Array;
  readonly #repack: Repack;
  #servers: readonly ServerModel[] | undefined;

  constructor(bytes: Uint8Array, repack: Repack) {
    this.#bytes = bytes;
    this.#repack = repack;
  }

  get servers(): readonly ServerModel[] {
    this.#servers ??= (deserialize(this.#bytes) as ServerModel[]).map(server =>
      deepFreeze(withSettings(server, this.#repack)),
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

  constructor(head: PackedServers['heads'][number], crate: Crate, at: number) {
    this.names = head.names;
    this.serverName = head.serverName;
    this.listens = head.listens;
    this.#crate = crate;
    this.#at = at;
  }

  get core(): ServerModel['core'] {
    return this.#whole.core;
  }

  get tls(): ServerModel['tls'] {
    return this.#whole.tls;
  }

  get root(): LocationModel {
    return this.#whole.root;
  }

  get site(): ServerModel['site'] {
    return this.#whole.site;
  }

  get #whole(): ServerModel {
    return this.#crate.servers[this.#at]!;
  }
}

/** Slices that more than one server has. */
function sharedSlices(servers: readonly ServerModel[]): Set<object> {
  const owners = new Map<object, ServerModel>();
  const shared = new Set<object>();
  const note = (location: LocationModel, server: ServerModel): void => {
    for (const name of SLICES) {
      const slice = location.settings[name];
      const owner = owners.get(slice);
      if (owner === undefined) owners.set(slice, server);
      else if (owner !== server) shared.add(slice);
    }
    for (const inner of insideOf(location)) note(inner, server);
  };
  for (const server of servers) note(server.root, server);
  return shared;
}

const insideOf = ({ locations, conditional, limitExcept }: LocationModel): readonly LocationModel[] =>
  limitExcept ? [...locations, ...conditional, limitExcept.location] : [...locations, ...conditional];

function withSettings(server: ServerModel, repack: Repack): ServerModel {
  return { ...server, root: relocated(server.root, repack) };
}

function relocated(location: LocationModel, repack: Repack): LocationModel {
  const inside = (inner: LocationModel) => relocated(inner, repack);
  const { limitExcept } = location;
  return {
    ...location,
    settings: repack(location.settings),
    limitExcept: limitExcept && { ...limitExcept, location: inside(limitExcept.location) },
    conditional: location.conditional.map(inside),
    locations: location.locations.map(inside),
  };
}

/** Locations that have one settings object among them have one afterwards. */
function remembering(repack: Repack): Repack {
  const done = new WeakMap<Settings, Settings>();
  return settings => {
    const known = done.get(settings) ?? repack(settings);
    done.set(settings, known);
    return known;
  };
}

/** Packed settings travel as Settings: only these two functions see what stands in their slices. */
function pack(settings: Settings, numbers: ReadonlyMap<object, number>): Settings {
  const packed: Partial<Packed> = {};
  for (const name of SLICES) packed[name] = numbers.get(settings[name]) ?? settings[name];
  return packed as Settings;
}

function unpack(settings: Settings, slices: readonly object[]): Settings {
  const packed = settings as Packed;
  const whole: Partial<Record<SliceName, object>> = {};
  for (const name of SLICES) {
    const slice = packed[name];
    whole[name] = typeof slice === 'number' ? slices[slice]! : slice;
  }
  return whole as Settings;
}
