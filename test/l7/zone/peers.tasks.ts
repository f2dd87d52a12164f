/** What the threads of peers.test.ts do. */
import { COUNT, Peers, type SharedPeers } from '../../../l7/zone/peers.ts';
import type { Duty } from './crew.ts';
import { draw, seeded } from './random.ts';

export type Work = { readonly shared: SharedPeers; readonly turns: number; readonly started: Int32Array };
export type Change = Work & { readonly next: SharedPeers };

/** Smooth weighted round robin on the shared columns; counts each choice. */
export function takeTurns({ slot, owner, data }: Duty): void {
  const { shared, turns } = data as Work;
  const peers = new Peers(shared, slot, owner);
  for (let turn = 0; turn < turns; turn++) {
    peers.lock.acquire();
    let best = 0;
    let total = 0;
    for (let member = 0; member < peers.names.length; member++) {
      peers.currentWeight[member]! += peers.effectiveWeight[member]!;
      total += peers.effectiveWeight[member]!;
      if (peers.currentWeight[member]! > peers.currentWeight[best]!) best = member;
    }
    peers.currentWeight[best]! -= total;
    peers.lock.release();
    peers.count(best, COUNT.requests, 1);
  }
}

/** Begins and ends requests in turn under a limit of 2; answers the most it ever saw in flight. */
export function crowd({ slot, owner, data }: Duty): number {
  const { shared, turns } = data as Work;
  const peers = new Peers(shared, slot, owner);
  let most = 0;
  for (let turn = 0; turn < turns; turn++) {
    peers.lock.acquire();
    const begun = peers.tryBegin(0, 2);
    peers.lock.release();
    if (!begun) continue;
    most = Math.max(most, peers.inFlight(0));
    peers.end(0);
  }
  return most;
}

/** Begins and ends requests to random members without end, up to 40 at a time. */
export function serve({ slot, owner, data }: Duty): void {
  const { shared, started } = data as Work;
  const peers = new Peers(shared, slot, owner);
  const random = seeded(slot + 1);
  const open: number[] = [];
  for (let turn = 0; ; turn++) {
    if (turn === 1000) Atomics.add(started, 0, 1);
    if (turn === 1000) Atomics.notify(started, 0);
    if (open.length < 40 && random() < 0.6) {
      const member = draw(random, peers.names.length);
      peers.begin(member);
      open.push(member);
    } else if (open.length > 0) peers.end(open.pop()!);
  }
}

/** Serves through a change of pools: begins under the old one, ends half under the new one, leaves one open. */
export function changeOver({ slot, owner, data }: Duty): void {
  const { shared, next, turns } = data as Change;
  const old = new Peers(shared, slot, owner);
  for (let turn = 0; turn < turns; turn++) {
    old.begin(0);
    old.count(0, COUNT.requests, 1);
  }
  const peers = new Peers(next, slot, owner);
  peers.inherit(old);
  const member = peers.names.indexOf(old.names[0]!);
  for (let turn = 1; turn < turns; turn++) {
    if (turn % 2 === 0) old.end(0);
    else peers.end(member);
    peers.count(member, COUNT.requests, 1);
  }
}
