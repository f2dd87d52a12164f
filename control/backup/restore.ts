/** Restores what was opened: without a running moat by itself, in a running one by the way that every change takes. */
import { readFileSync, rmSync } from 'node:fs';
import type { Applier } from '../apply.ts';
import { readBans } from '../ban/state-file.ts';
import { refuseOutside } from '../history/files.ts';
import { historyOf } from '../history/order.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { decide, finishDecided, forget, isDecided, layBeside, makeRoom } from './commit.ts';
import { BackupFault } from './fault.ts';
import { manifestOf, type Part } from './manifest.ts';
import { type Plan, type Preview, planOf } from './plan.ts';
import { manifestPath, type Opened } from './unpack.ts';

export interface RestoreWish {
  /** A folder that unpack() has made; latin1. */
  readonly folder: string;
  readonly only?: readonly Part[] | undefined;
  readonly outside?: boolean | undefined;
}

const openedIn = (folder: string): Opened => ({
  folder,
  manifest: manifestOf(readFileSync(bytesOf(manifestPath(folder)), 'utf8')),
});

function refuseFaulty({ preview: { faults } }: Plan): void {
  if (faults.length > 0) throw new BackupFault('faulty', `it cannot be restored: ${faults.join('; ')}`);
}

/** Files are written beside the main file and below, whatever links lie there. @throws {BackupFault} */
function refuseLinks({ steps }: Plan, invocation: Invocation, outside: boolean): void {
  makeRoom(steps, invocation, outside);
  for (const { place, kind } of steps) {
    if (kind !== 'file' || (outside && !place.startsWith(`${invocation.file.replace(/[^/]*$/, '')}`)))
      continue;
    try {
      refuseOutside(place, invocation.file);
    } catch (fault) {
      throw new BackupFault('outside', (fault as Error).message);
    }
  }
}

/** No moat runs on these files. @throws {BackupFault} @throws {Error} of the file system */
export function restoreAtRest(
  { folder, only, outside = false }: RestoreWish,
  invocation: Invocation,
): Preview {
  finishDecided(invocation);
  const plan = planOf(openedIn(folder), { invocation, only, outside, texts: undefined, isRoot: true });
  refuseFaulty(plan);
  refuseLinks(plan, invocation, outside);
  layBeside(folder, plan.steps).abandon(); // a full disk refuses before anything is decided
  decide(folder, plan.steps, invocation);
  finishDecided(invocation);
  return plan.preview;
}

/** @throws {BackupFault} @throws {Refusal} of the apply; then nothing has changed */
export async function restoreRunning(
  { folder, only, outside = false }: RestoreWish,
  applier: Applier,
  invocation: Invocation,
  { who, isRoot }: { readonly who: string; readonly isRoot: boolean },
): Promise<Preview> {
  if (isDecided(invocation))
    throw new BackupFault('faulty', 'a restore was cut short, and waits for the next start of moat');
  const plan = planOf(openedIn(folder), { invocation, only, outside, texts: applier.texts, isRoot });
  refuseFaulty(plan);
  refuseLinks(plan, invocation, outside);
  const bans = plan.bans.map(({ zone, content }) => ({ zone, bans: readBans(content) }));
  const laid = layBeside(folder, plan.steps);
  const { configuration, beside, steps } = plan;
  const history = historyOf(applier);
  try {
    await history.restore(
      {
        ...{ files: configuration && [...configuration], beside, outside },
        modes: new Map(steps.map(({ place, mode }) => [place, mode])),
        decide: () => decide(folder, steps, invocation),
        undecide: () => forget(invocation),
        finish: () => applier.withoutEvents(laid.put),
      },
      who,
    );
  } catch (fault) {
    laid.abandon();
    throw fault;
  } finally {
    rmSync(bytesOf(folder), { recursive: true, force: true });
  }
  forget(invocation);
  await applier.bans.restore(bans);
  const parts = new Set(
    plan.preview.items.filter(({ change }) => change !== 'nowhere').map(({ part }) => part),
  );
  if (parts.has('acme')) await applier.acme?.reread();
  await applier.api?.takeUpRestored(parts);
  return plan.preview;
}
