/** The fence of this node: when its right to the addresses runs out, the kernel lets it neither hear nor speak as them, whatever its processes do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, closeObject, type LoadedObject, loadObject } from '#native/bpf.ts';
import { attachTc, detachTc } from '#native/bpf-attach.ts';
import type { Link } from '#native/netlink.ts';
import { ADDRESSES, FENCE_PRIORITY, keyOf, NS_PER_MS, POINTS, RIGHT, rightBytes } from './layout.ts';

const OBJECT = join(import.meta.dirname, '../build/fence.o');
/** What the queue of an interface holds when it closes is sent yet. */
export const FENCED_MS = 5;
/** It opens again when the kernel has certainly taken the addresses away: a dead moat must not keep others from having them. */
const LASTS_MS = 5000;

export class Fence {
  readonly #object: LoadedObject;
  readonly #right: BpfMap;
  readonly #addresses: BpfMap;
  /** Index of the interface by its name. */
  #places: ReadonlyMap<string, number> = new Map();
  #keys: ReadonlyMap<string, Uint8Array> = new Map();

  /** @throws {Error} with the reason where the kernel, or who has built moat, has no fence */
  constructor() {
    if (!existsSync(OBJECT)) throw new Error(`${OBJECT} is not built: run scripts/build-bpf`);
    this.#object = loadObject(OBJECT);
    this.#right = new BpfMap(this.#object.maps[RIGHT]!);
    this.#addresses = new BpfMap(this.#object.maps[ADDRESSES]!);
  }

  /**
   * Stands around these addresses on these interfaces from now on, and around no others.
   *
   * @throws {Error} with the interface; then some may be done
   */
  cover(addresses: readonly Uint8Array[], links: readonly Link[]): void {
    const before = this.#places;
    this.#places = new Map(links.map(({ name, index }) => [name, index]));
    for (const [name, index] of this.#places) if (before.get(name) !== index) this.#attach(name);
    for (const name of before.keys()) if (!this.#places.has(name)) leave(name);
    const keys = new Map(addresses.map(keyOf).map(key => [key.toString(), key]));
    for (const [text, key] of keys) if (!this.#keys.has(text)) this.#addresses.put(key, new Uint8Array(4));
    for (const [text, key] of this.#keys) if (!keys.has(text)) this.#addresses.delete(key);
    this.#keys = keys;
  }

  /** In the place of that of an earlier life, which stood there until now. */
  #attach(name: string): void {
    for (const { point, program } of POINTS)
      attachTc(name, point, this.#object.programs[program]!, FENCE_PRIORITY);
  }

  /**
   * Closes at that moment, unless it is told another one before.
   *
   * @param untilMs of CLOCK_MONOTONIC @param lastsMs the addresses may be there for so long after it
   */
  allow(untilMs: number, lastsMs = LASTS_MS): void {
    const untilNs = BigInt(Math.floor(untilMs * NS_PER_MS));
    this.#right.put(new Uint8Array(4), rightBytes(untilNs, untilNs + BigInt(lastsMs * NS_PER_MS)));
  }

  close(): void {
    for (const name of this.#places.keys()) leave(name);
    this.leave();
  }

  /** It stays where it is until another process of this host takes its place. */
  leave(): void {
    closeObject(this.#object);
  }
}

/** As far as that can be done: an interface that has gone has taken it along, and one that stays opens by itself. */
function leave(name: string): void {
  for (const { point } of POINTS)
    try {
      detachTc(name, point, FENCE_PRIORITY);
    } catch {}
}
