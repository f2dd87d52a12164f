/** What a fence lets through, looked at from outside of the process that has put it there. */
import { BpfMap, mapsOf } from '#native/bpf.ts';
import { queryTc } from '#native/bpf-attach.ts';
import { closeFd } from '#native/socket.ts';
import { ADDRESSES, FENCE_PRIORITY, keyOf, POINTS, RIGHT, readRight } from './layout.ts';

interface Seen {
  readonly id: number;
  readonly right: BpfMap;
  readonly addresses: BpfMap;
}

export class FenceSight {
  readonly #seen = new Map<string, Seen>();

  /**
   * @param name of the interface
   * @returns when the address is, or was, shut in: ms of CLOCK_MONOTONIC; undefined: there is no fence around it, or none can be seen
   */
  closes(
    name: string,
    address: Uint8Array,
  ): { readonly untilMs: number; readonly overMs: number } | undefined {
    const seen = this.#at(name);
    if (!seen?.addresses.get(keyOf(address), new Uint8Array(4))) return undefined;
    return readRight(bytes => seen.right.get(new Uint8Array(4), bytes));
  }

  #at(name: string): Seen | undefined {
    const id = programAt(name);
    const before = this.#seen.get(name);
    if (before?.id === id) return before;
    if (before) for (const { fd } of [before.right, before.addresses]) closeFd(fd);
    this.#seen.delete(name);
    const maps = usedBy(id);
    const [right, addresses] = [maps?.[RIGHT], maps?.[ADDRESSES]];
    if (right === undefined || addresses === undefined) return undefined;
    const seen = { id, right: new BpfMap(right), addresses: new BpfMap(addresses) };
    this.#seen.set(name, seen);
    return seen;
  }
}

/** 0: none, or the interface has gone, or nothing of BPF is built here. */
function programAt(name: string): number {
  try {
    return queryTc(name, POINTS[1].point, FENCE_PRIORITY);
  } catch {
    return 0;
  }
}

/** Undefined: another one has come into its place just now. */
function usedBy(id: number): Record<string, number> | undefined {
  try {
    return id === 0 ? undefined : mapsOf(id);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    return undefined;
  }
}
