/** How addresses are kept from outliving this node's right to them: by a fence in the kernel; where there is none, by how long the kernel keeps an address. */
import { addressBytes } from '#kit/address-bytes.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { Link } from '#native/netlink.ts';
import type { FenceWord } from '../heartbeat/right.ts';
import type { Log } from '../log.ts';
import { OWNER_PRIORITY } from '../vrrp/state.ts';
import { FENCED_MS, Fence } from './fence.ts';

/** Others wait for it where there is no fence, so it is as short as can be. */
export const LEASE_S = 1;
/** The kernel looks at lifetimes a quarter of a second late at most, and counts them in whole seconds. */
const LATE_MS = 300;
const LEASED_MS = LEASE_S * 1000 + LATE_MS;
/** So long another process of this host may take to go on. */
const LEAVING_MS = 3000;
/** Addresses that are left to it stay for so long. */
const LEFT_MS = 65_000;

export interface GuardOptions {
  readonly log: Log;
  nowMs(): number;
  find(name: string): Link | undefined;
}

export class Guard implements FenceWord {
  readonly #options: GuardOptions;
  #covered: readonly VrrpInstanceModel[] = [];
  /** Names of those that have their addresses. Of the others there is nothing to fence: this host may be a real server of the same address. */
  readonly #holding = new Set<string>();
  #hasLeases = false;
  #fence: Fence | undefined;
  #isLeaving = false;
  /** Why there is no fence; undefined: there is, or none is wanted. */
  absent: string | undefined;
  /** Why it does not stand where it should: whoever was promised it relies on it. */
  fault: string | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get outlivesMs(): number {
    if (this.#isLeaving) return LEAVING_MS;
    return this.#fence ? FENCED_MS : this.peerOutlivesMs;
  }

  get peerOutlivesMs(): number {
    return this.#hasLeases ? LEASED_MS : 0;
  }

  /** Before the addresses of this configuration are taken. A host's own, and those that stay whatever happens, are in no fence. */
  configure({ heartbeat, instances }: ClusterModel): void {
    const leased = instances.filter(({ addressLease }) => addressLease);
    this.#hasLeases = leased.length > 0;
    this.#covered = leased.filter(({ election, priority }) => election && priority !== OWNER_PRIORITY);
    if (!heartbeat?.witness || this.#covered.length === 0) return this.close();
    if (this.#fence) return this.cover();
    try {
      this.#open();
      this.absent = undefined;
    } catch (fault) {
      this.close();
      this.absent = (fault as Error).message;
      this.#options.log.notice(
        `heartbeat: there is no fence, so the other node waits ${LEASED_MS} ms longer for one that is silent: ${this.absent}`,
      );
    }
  }

  /** It is closed at first: an earlier life may have left addresses here. */
  #open(): void {
    this.#fence = new Fence();
    this.#fence.allow(this.#options.nowMs());
    this.#stand(this.#fence, this.#covered);
  }

  /** @param fenced whose addresses are shut in when it closes */
  #stand(fence: Fence, fenced: readonly VrrpInstanceModel[]): void {
    const instances = this.#covered;
    const names = instances.flatMap(({ interface: by, addresses }) => [
      by,
      ...addresses.map(one => one.interface ?? by),
    ]);
    const links = [...new Set(names)].flatMap(name => this.#options.find(name) ?? []);
    fence.cover(
      fenced.flatMap(({ addresses }) => addresses.map(one => addressBytes(one.address))),
      links,
    );
  }

  /** Before it takes its addresses, and when it has given them up. */
  holds(name: string, holds: boolean): void {
    if (holds) this.#holding.add(name);
    else this.#holding.delete(name);
    this.cover();
  }

  /** Interfaces come and go, and so do addresses. */
  cover(): void {
    if (!this.#fence) return;
    try {
      this.#stand(
        this.#fence,
        this.#covered.filter(({ name }) => this.#holding.has(name)),
      );
      this.fault = undefined;
    } catch (fault) {
      this.fault = `there is no fence: ${(fault as Error).message}`;
    }
  }

  /** Whether it stands around the addresses of this instance. */
  covers(name: string): boolean {
    return this.#fence !== undefined && this.#covered.some(one => one.name === name);
  }

  allow(untilMs: number): void {
    this.#fence?.allow(untilMs);
  }

  /** Says from now on that the addresses outlive this process, for the next one. */
  prepareToLeave(): void {
    this.#isLeaving = true;
  }

  /** Another process of this host goes on. @param untilMs the right of this one, when the other node knows that it leaves */
  leave(untilMs: number | undefined): void {
    if (untilMs !== undefined) this.#fence?.allow(untilMs + LEAVING_MS, LEFT_MS);
    this.#fence?.leave();
  }

  close(): void {
    this.#fence?.close();
    this.#fence = undefined;
    this.absent = undefined;
    this.fault = undefined;
  }
}
