/** Certificates as their files have them: taken up at a start, and written as they change. What the disk refuses is told of, never thrown. */
import type { X509Certificate } from 'node:crypto';
import type { Log } from '#kit/log.ts';
import type { AcmeCertificate } from '#model/l7/acme.ts';
import { coverOf, readChain } from './chain.ts';
import type { IssuerDesk } from './desk.ts';
import { Issued } from './issued.ts';
import { openKey } from './keys.ts';
import type { AcmeStore, Pair } from './store.ts';
import { brokenText } from './words.ts';

/** What is kept, or a stand-in. */
export function openIssued(certificate: AcmeCertificate, desk: IssuerDesk, log: Log): Issued {
  const made = new Issued(certificate, desk);
  try {
    const kept = desk.store.pair(made.file);
    if (kept) made.adopt(kept, Date.now(), true);
    else borrowFor(made);
    const failure = desk.store.failure(made.file);
    if (failure) made.takeUp(failure, Date.now());
  } catch (fault) {
    log.error(brokenText(made, fault as Error));
  }
  return made;
}

/** Of what was issued for other names, the one that is good for most of these, and for longest. @throws {Error} of the file system */
function borrowFor(one: Issued): void {
  const nowMs = Date.now();
  let most = 0;
  let untilMs = 0;
  for (const { own, pair } of heldIn(one.desk.store, nowMs)) {
    const cover = coverOf(own, one.certificate.identifiers, nowMs);
    const toMs = own.validToDate.getTime();
    if (cover === 0 || cover < most || (cover === most && toMs <= untilMs)) continue;
    [most, untilMs] = [cover, toMs];
    one.borrow(pair);
  }
}

interface Held {
  readonly own: X509Certificate;
  readonly pair: Pair;
}

const HELD_MS = 5000;
/** A configuration with a thousand new certificates asks for each. */
const HELD = new WeakMap<
  AcmeStore,
  { readonly atMs: number; readonly edition: number; readonly all: readonly Held[] }
>();

function heldIn(store: AcmeStore, nowMs: number): readonly Held[] {
  const known = HELD.get(store);
  const { edition } = store;
  if (known?.edition === edition && Math.abs(nowMs - known.atMs) < HELD_MS) return known.all;
  const all = store.pairs().flatMap(pair => {
    const own = ownIn(pair);
    return own ? { own, pair } : [];
  });
  HELD.set(store, { atMs: nowMs, edition, all });
  return all;
}

/** @returns undefined for one that nobody could show */
function ownIn({ chain, key }: Pair): X509Certificate | undefined {
  try {
    const [own] = readChain(chain);
    return own?.checkPrivateKey(openKey(key)) ? own : undefined;
  } catch {
    return undefined; // a file that is none of ours
  }
}

/** Another desk may keep its files elsewhere. */
export function moveIssued(one: Issued, desk: IssuerDesk, log: Log): void {
  const isElsewhere = !one.isStandIn && desk.store.path !== one.desk.store.path;
  one.follow(desk, Date.now());
  try {
    if (isElsewhere) desk.store.keepPair(one.file, one.pair);
  } catch (fault) {
    log.error(brokenText(one, fault as Error));
  }
}

/** Failures in a row; none where the last order came to something. */
export function keepFailure(one: Issued, log: Log): void {
  const { desk, file, failures: count, lastError: message = '', dueMs } = one;
  try {
    desk.store.keepFailure(file, count > 0 ? { count, message, dueMs } : undefined);
  } catch (fault) {
    log.warn(`acme: a restart will not know of this failure: ${(fault as Error).message}`);
  }
}

/** Files have come out of a backup: the younger certificate counts, and is kept. @returns whether it is another one now */
export function rereadIssued(one: Issued, log: Log): boolean {
  const { store } = one.desk;
  try {
    const kept = store.pair(one.file);
    if (kept && one.isOlderThan(kept)) {
      one.adopt(kept, Date.now(), true);
      return true;
    }
    if (kept && !one.isStandIn) store.keepPair(one.file, one.pair);
  } catch (fault) {
    log.error(brokenText(one, fault as Error));
  }
  return false;
}
