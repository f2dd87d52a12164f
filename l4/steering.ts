/** Brings questions of health checks to real servers by the path of their virtual server: programs at both sides of the interfaces. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addressText, isLinkLocal, isWithin } from '#kit/address-bytes.ts';
import { BpfMap, closeObject, type LoadedObject, pin } from '#native/bpf.ts';
import { attachTc, detachTc } from '#native/bpf-attach.ts';
import { listAddresses, listLinks } from '#native/netlink.ts';
import { routesTo } from '#native/routes.ts';
import { addressBytes, isV4, mapped, ownBytes } from './address.ts';
import type { VirtualPath } from './health/probe.ts';
import type { SteeredWay } from './health/steered.ts';
import { pinName } from './interfaces.ts';
import { MODE, STRUCTS, TUNNEL } from './layout.ts';
import { type L4Maps, u32 } from './maps.ts';
import { loadSteer } from './programs.ts';
import { encode } from './struct.ts';
import { readSurroundings } from './surroundings.ts';

/** Of our filters: that of the director, which knows nothing of these packets, comes first. */
const PRIORITY = 50;
/** The upper byte of our marks; others' marks are left alone. */
const MARK_KIND = 0x6d000000;
const MOST_MARKS = 0x00ff_ffff;
/** The map has room for four times as many. */
const KEPT_MARKS = 16_384;

export class Steering {
  readonly #maps: L4Maps;
  readonly #pinFolder: string;
  readonly #ways = new Map<string, SteeredWay>();
  #virtuals: ReadonlySet<string> = new Set();
  #object: LoadedObject | undefined;
  #next = 1;

  constructor(maps: L4Maps, pinFolder: string) {
    this.#maps = maps;
    this.#pinFolder = pinFolder;
  }

  /**
   * Stands where these real servers are reached, and nowhere else; for none it goes.
   *
   * @param attached interfaces that answers may come in by, too
   * @param virtuals addresses of virtual servers, from which nothing is asked
   */
  follow(
    realAddresses: ReadonlySet<string>,
    attached: readonly string[],
    virtuals: ReadonlySet<string> = new Set(),
  ): void {
    this.#virtuals = virtuals;
    const names = realAddresses.size === 0 ? [] : [...new Set([...attached, ...linksTo(realAddresses)])];
    for (const name of notedIn(this.#pinFolder)) if (!names.includes(name)) leave(name, this.#pinFolder);
    if (names.length === 0) return this.close();
    this.#forgetMany();
    this.#object ??= loadSteer(this.#maps);
    const { steer_out: out, steer_in: back } = this.#object.programs;
    for (const name of names) {
      attachTc(name, 'egress', out!, PRIORITY);
      attachTc(name, 'ingress', back!, PRIORITY);
      rmSync(pinOf(name, this.#pinFolder), { force: true });
      pin(out!, pinOf(name, this.#pinFolder));
    }
  }

  /** Paths of configurations before; a question that is under way is asked again. */
  #forgetMany(): void {
    if (this.#ways.size <= KEPT_MARKS || !this.#object) return;
    const map = new BpfMap(this.#object.maps['steers']!);
    for (const { mark } of this.#ways.values()) map.delete(u32(mark));
    this.#ways.clear();
  }

  /** As `Steer` of the health checks. */
  steer({ virtual, mode, tunnel }: VirtualPath, realAddress: string): SteeredWay | 'local' {
    const real = addressBytes(realAddress);
    if (isOwn(ownBytes(real))) return 'local';
    if (!this.#object) throw new Error('nothing steers checks by the path of the virtual server yet');
    const key = `${virtual} ${mode} ${tunnel.kind} ${tunnel.port} ${realAddress}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    if (this.#next > MOST_MARKS) this.#next = 1;
    const mark = (MARK_KIND | this.#next++) >>> 0;
    const entry = new Uint8Array(32 + STRUCTS.real.size);
    entry.set(addressBytes(virtual), 0);
    entry.set(tunnelSource(real, mode === 'tun' ? realAddress : undefined), 16);
    const values = { address: real, mode: MODE[mode], tunnel: TUNNEL[tunnel.kind], tunnel_port: tunnel.port };
    entry.set(encode(STRUCTS.real, values), 32);
    new BpfMap(this.#object.maps['steers']!).put(u32(mark), entry);
    const way = { mark, from: sourceTo(ownBytes(real), this.#virtuals) };
    this.#ways.set(key, way);
    return way;
  }

  /** Lets go; what is attached stays, and does nothing where nobody marks. */
  close(): void {
    if (this.#object) closeObject(this.#object);
    this.#object = undefined;
    this.#ways.clear();
  }
}

const pinOf = (name: string, pinFolder: string): string => join(pinFolder, pinName('steer', name));

/** Where this life or an earlier one stands. */
function notedIn(pinFolder: string): string[] {
  if (!existsSync(pinFolder)) return [];
  const files = readdirSync(pinFolder);
  return files.flatMap(file => /^steer-(.+)$/.exec(file)?.[1] ?? []).map(decodeURIComponent);
}

function leave(name: string, pinFolder: string): void {
  if (listLinks().some(link => link.name === name))
    for (const point of ['egress', 'ingress'] as const) detachTc(name, point, PRIORITY);
  rmSync(pinOf(name, pinFolder), { force: true });
}

/** Takes off what a moat of another layout has put there, but where this one's stands in its place. */
export function leaveSteering(otherFolder: string, pinFolder: string): void {
  const ours = new Set(notedIn(pinFolder));
  for (const name of notedIn(otherFolder)) if (!ours.has(name)) leave(name, otherFolder);
}

const isOwn = (address: Uint8Array): boolean =>
  listAddresses().some(own => Buffer.compare(own.address, address) === 0);

/** Where the director's tunnels to it begin, for the real server unwraps those alone. */
function tunnelSource(real: Uint8Array, address: string | undefined): Uint8Array {
  if (address === undefined) return new Uint8Array(16);
  const { tunnelSource4, tunnelSource6 } = readSurroundings([{ mode: 'tun', address }]);
  return isV4(real) ? mapped(tunnelSource4) : tunnelSource6;
}

/** The first address of the interface that leads there, one of the same network before others. */
function sourceTo(real: Uint8Array, virtuals: ReadonlySet<string>): string | undefined {
  const [route] = routesTo(real);
  const indexes = new Set((route?.hops ?? []).map(({ index }) => index));
  const usable = listAddresses().filter(
    own =>
      indexes.has(own.index) &&
      own.address.length === real.length &&
      !isLinkLocal(own.address) &&
      !virtuals.has(addressText(own.address)),
  );
  const near = usable.find(own => isWithin(real, own)) ?? usable[0];
  return near && addressText(near.address);
}

/** Names of the interfaces by which these are reached. */
function linksTo(addresses: ReadonlySet<string>): string[] {
  const names = new Map(listLinks().map(({ index, name }) => [index, name]));
  return [...addresses].flatMap(address => {
    const [route] = routesTo(ownBytes(addressBytes(address)));
    return (route?.hops ?? []).flatMap(({ index }) => names.get(index) ?? []);
  });
}
