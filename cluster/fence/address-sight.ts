/** Which of some addresses this host has, and can speak as: what the kernel says, whatever moat does. For those who watch a pair from outside. */
import { sameAddress } from '#kit/address-bytes.ts';
import { monotonicMs } from '#kit/monotonic.ts';
import { listAddresses, listLinks } from '#native/netlink.ts';
import { FenceSight } from './sight.ts';

export interface AddressesSeen {
  /** ms of CLOCK_MONOTONIC */
  readonly atMs: number;
  /** In the order of those that were asked for. */
  readonly held: readonly boolean[];
  /** When the first of them is shut in, unless its fence is told another time until then. */
  readonly closesMs: number | undefined;
  /** When the last of them was that is. */
  readonly closedMs: number | undefined;
}

export class AddressSight {
  readonly #fences = new FenceSight();

  look(wanted: readonly Uint8Array[]): AddressesSeen {
    const own = listAddresses();
    const there = wanted.map(address => own.find(one => sameAddress(one.address, address)));
    const names = new Map(there.some(Boolean) ? listLinks().map(({ index, name }) => [index, name]) : []);
    const fences = there.map(one => one && this.#fences.closes(names.get(one.index) ?? '', one.address));
    const atMs = monotonicMs();
    const held = there.map((one, at) => {
      const { untilMs = Number.POSITIVE_INFINITY, overMs = 0 } = fences[at] ?? {};
      return one !== undefined && (atMs < untilMs || atMs >= overMs);
    });
    const ahead = fences.flatMap(fence => (fence && fence.untilMs > atMs ? [fence.untilMs] : []));
    const closed = fences.flatMap((fence, at) => (fence && there[at] && !held[at] ? [fence.untilMs] : []));
    return {
      ...{ atMs, held, closesMs: ahead.length === 0 ? undefined : Math.min(...ahead) },
      closedMs: closed.length === 0 ? undefined : Math.max(...closed),
    };
  }
}
