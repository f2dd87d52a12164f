/** What another moat tells of a value of a collection, and what becomes of ours by it. */
import { engine } from './engine.ts';
import { newValue, type Value } from './values-block.ts';

interface Common {
  readonly name: string;
  /** As in Value: of the set that it stands on. */
  readonly stampMs: number;
  /** 0 for never. */
  readonly expiresMs: number;
}

export type Told = Common &
  (
    | { readonly kind: 'whole'; readonly value: string }
    | { readonly kind: 'gone' }
    | { readonly kind: 'added'; readonly delta: number }
  );

/**
 * The later set is right, by its stamp; on what it set, counts of all are added up, ours that is still untold among them. What was added to an
 * older one is forgotten. Of two counts of the same set the larger one holds: so what was missed is made up for.
 */
export function takeValue(values: Map<string, Value>, told: Told): void {
  const lower = told.name.toLowerCase();
  const known = values.get(lower);
  if (!known && told.kind === 'added' && told.delta === 0) return;
  const own = known ?? newValue(told.name);
  if (told.stampMs < own.stampMs) {
    if (told.kind !== 'added') own.news = 'set'; // whoever says so is to learn better
    return;
  }
  if (told.kind === 'added') add(own, told.delta);
  else if (told.stampMs > own.stampMs) replace(own, told);
  else if (told.kind === 'whole' && !own.isGone) own.value = larger(own, told.value);
  else return;
  own.stampMs = told.stampMs;
  if (told.expiresMs !== 0) own.expiresMs = Math.max(own.expiresMs, told.expiresMs);
  values.set(lower, own);
}

function add(own: Value, delta: number): void {
  if (delta === 0) return; // it only vanishes at another moment
  own.value = engine().addTo(own.isGone ? undefined : own.value, delta);
  if (own.isGone) own.expiresMs = 0;
  own.isGone = false;
}

function replace(own: Value, told: Told): void {
  own.isGone = told.kind === 'gone' && own.untold === 0;
  own.value = told.kind === 'whole' ? told.value : '';
  if (own.untold !== 0) own.value = engine().addTo(own.value, own.untold);
  own.expiresMs = 0;
  if (own.news === 'set') own.news = 'none';
}

const NUMBER = /^-?[0-9]{1,15}$/;

function larger({ value, untold }: Value, told: string): string {
  if (!NUMBER.test(told) || (value !== '' && !NUMBER.test(value))) return told > value ? told : value;
  return value === '' || Number(told) > Number(value) - untold ? engine().addTo(told, untold) : value;
}
