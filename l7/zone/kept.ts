/** Zones as the supervisor keeps them: how each kind is made, carried over a reload, and mended after a death. */
import { ConnZone, connShape } from './conn-zone.ts';
import { Counters, type SharedCounters } from './counters.ts';
import { Peers, type SharedPeers } from './peers.ts';
import { createZone, openZone, type ZoneTable } from './table.ts';
import type { ConnWish, CountersWish, PeersWish, SharedZone, TableWish, ZoneWish } from './wish.ts';

/** The supervisor's own place among the threads: `slots` in all, `slot` its own, `owner` its lock id. */
export type Seat = { readonly slots: number; readonly slot: number; readonly owner: number };

/** How long the supervisor waits for a lock before it goes back to its events. */
const PATIENCE_MS = 5;

/** A zone that one name stands for. */
export interface Kept {
  /** Two wishes of the same stamp are served by the same memory. */
  readonly stamp: string;
  share(): SharedZone;
  /** Takes over from the zone that had the name before; says what is lost, if anything is. */
  follow(): string | undefined;
  /** All threads have changed over to this zone. */
  settle(): void;
  /** Frees the lock if the dead thread (its lock id) holds it, and mends what it guards. */
  recover(dead: number): void;
  /** Gives back what the dead thread of `slot` held; false when the lock was busy. */
  giveBack(slot: number): boolean;
}

/**
 * Makes a zone in the place of `old`, the one of the same kind and name that runs now; `old` is not touched before
 * follow(). @throws {RangeError} when a size holds nothing
 */
export function keep(wish: ZoneWish, seat: Seat, old: Kept | undefined): Kept {
  switch (wish.kind) {
    case 'table':
      return new KeptTable(wish, seat);
    case 'conn':
      return new KeptConn(wish, seat);
    case 'counters':
      return new KeptCounters(wish, seat, old instanceof KeptCounters ? old : undefined);
    case 'peers':
      return new KeptPeers(wish, seat, old instanceof KeptPeers ? old : undefined);
  }
}

/** What a zone made for `wish` would have for a stamp. */
export function stampOf(wish: ZoneWish): string {
  switch (wish.kind) {
    case 'table':
      return JSON.stringify([wish.sizeBytes, wish.shape, wish.use]);
    case 'conn':
      return JSON.stringify([wish.sizeBytes, wish.keyBytesMax, wish.use]);
    case 'counters':
      return JSON.stringify(wish.metrics);
    case 'peers':
      return JSON.stringify([wish.members, wish.weights]);
  }
}

export class KeptTable implements Kept {
  readonly stamp: string;
  readonly view: ZoneTable;
  readonly #wish: TableWish;
  readonly #sab: SharedArrayBuffer;

  constructor(wish: TableWish, seat: Seat) {
    this.#wish = wish;
    this.stamp = stampOf(wish);
    this.#sab = createZone(wish.sizeBytes, wish.shape);
    this.view = openZone(this.#sab, { owner: seat.owner });
  }

  share(): SharedZone {
    return { kind: 'table', name: this.#wish.name, sab: this.#sab };
  }

  follow(): string {
    return 'its size or its key has changed, so it begins empty';
  }

  settle(): void {}

  recover(dead: number): void {
    this.view.recover(dead);
  }

  giveBack(): boolean {
    return true;
  }
}

export class KeptConn implements Kept {
  readonly stamp: string;
  readonly view: ConnZone;
  readonly #wish: ConnWish;
  readonly #sab: SharedArrayBuffer;

  constructor(wish: ConnWish, seat: Seat) {
    this.#wish = wish;
    this.stamp = stampOf(wish);
    this.#sab = createZone(wish.sizeBytes, connShape(seat.slots, wish.keyBytesMax));
    this.view = new ConnZone(this.#sab, seat.slot, seat.owner);
  }

  share(): SharedZone {
    return { kind: 'conn', name: this.#wish.name, sab: this.#sab };
  }

  follow(): string {
    return 'its size or its key has changed, so what is open now is not counted in it';
  }

  settle(): void {}

  recover(dead: number): void {
    this.view.table.recover(dead);
  }

  giveBack(slot: number): boolean {
    return this.view.giveBack(slot, PATIENCE_MS);
  }
}

export class KeptCounters implements Kept {
  readonly stamp: string;
  readonly view: Counters;
  readonly #name: string;
  readonly shared: SharedCounters;
  #old: KeptCounters | undefined;

  constructor(wish: CountersWish, seat: Seat, old: KeptCounters | undefined) {
    this.#old = old;
    this.#name = wish.name;
    this.stamp = stampOf(wish);
    this.shared = Counters.define(wish.metrics, seat.slots);
    this.view = new Counters(this.shared, seat.slot);
  }

  share(): SharedZone {
    return { kind: 'counters', name: this.#name, shared: this.shared, was: this.#old?.shared };
  }

  follow(): undefined {
    if (this.#old) this.view.inherit(this.#old.view);
  }

  settle(): void {
    this.#old = undefined;
    this.view.settle();
  }

  recover(): void {}

  giveBack(slot: number): boolean {
    this.view.giveBack(slot);
    return true;
  }
}

export class KeptPeers implements Kept {
  readonly stamp: string;
  readonly view: Peers;
  readonly #name: string;
  readonly shared: SharedPeers;
  #old: KeptPeers | undefined;

  constructor(wish: PeersWish, seat: Seat, old: KeptPeers | undefined) {
    this.#old = old;
    this.#name = wish.name;
    this.stamp = stampOf(wish);
    this.shared = Peers.create(wish.members, wish.weights, seat.slots);
    this.view = new Peers(this.shared, seat.slot, seat.owner);
  }

  share(): SharedZone {
    return { kind: 'peers', name: this.#name, shared: this.shared, was: this.#old?.shared };
  }

  follow(): undefined {
    if (!this.#old) return;
    this.view.adopt(this.#old.view);
    this.view.inherit(this.#old.view);
  }

  settle(): void {
    this.#old = undefined;
    this.view.settle();
  }

  recover(dead: number): void {
    this.view.recover(dead);
  }

  giveBack(slot: number): boolean {
    this.view.giveBack(slot);
    return true;
  }
}
