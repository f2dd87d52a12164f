/** What the command line wants of the history, and what it is told. */
import type { Applier } from '../apply.ts';
import type { CanaryState } from '../canary/keeper.ts';
import type { ConfigHistory } from './keeper.ts';
import type { RevisionHead } from './store.ts';
import type { ApplyWish, RollbackWish, Unconfirmed } from './wish.ts';

export type HistoryOrder =
  | { readonly kind: 'list'; readonly limit: number }
  | { readonly kind: 'texts'; readonly which: number | 'force' | 'disk' }
  | ({ readonly kind: 'apply' } & ApplyWish)
  | { readonly kind: 'confirm' }
  | ({ readonly kind: 'rollback' } & RollbackWish);

/** How the configuration in force stands. */
export interface HistoryState {
  /** Of this run of the program. */
  readonly revision: number;
  readonly appliedAtMs: number;
  /** In the history; absent when it could not be kept. */
  readonly id?: number | undefined;
  readonly unconfirmed?: Unconfirmed | undefined;
  /** What a part of the traffic tries, or what came of the last one that was tried. */
  readonly canary?: CanaryState | undefined;
  /** Files that lie on the disk otherwise than they are in force. */
  readonly drift: readonly string[];
  /** Why nothing is kept. */
  readonly fault?: string | undefined;
}

export interface HistoryAnswer {
  readonly state: HistoryState;
  readonly revisions?: readonly RevisionHead[];
  readonly texts?: readonly (readonly [path: string, text: string])[];
}

/** @throws {Error} while moat starts */
export function historyOf({ history }: Applier): ConfigHistory {
  if (!history) throw new Error('moat is starting');
  return history;
}

export function stateOf(applier: Applier): HistoryState {
  const { id, unconfirmed, fault, canary } = historyOf(applier);
  const { revision, appliedAtMs } = applier;
  return {
    revision,
    appliedAtMs,
    id,
    unconfirmed,
    canary: canary.state,
    drift: historyOf(applier).drift(),
    fault,
  };
}

/** @throws {Error} with the reason */
export async function obey(order: HistoryOrder, applier: Applier): Promise<HistoryAnswer> {
  const history = historyOf(applier);
  if (order.kind === 'apply') await history.apply(order, 'socket');
  if (order.kind === 'confirm') await history.confirm('socket');
  if (order.kind === 'rollback') await history.rollback(order, 'socket');
  return {
    state: stateOf(applier),
    ...(order.kind === 'list' && { revisions: history.list(order.limit) }),
    ...(order.kind === 'texts' && { texts: [...history.textsOf(order.which)] }),
  };
}

/** What logs have of a wish: no text, for secrets stand in it. */
export const shownWish = ({ files, ...rest }: { readonly files?: ApplyWish['files'] } & object) => ({
  ...rest,
  ...(files && { files: files.map(([path, text]) => `${path} (${text.length} bytes)`) }),
});
