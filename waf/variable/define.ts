/** Short ways to write down variables. */
import type { Transaction } from '../transaction.ts';
import { type Entry, type Many, namesOf, type One, type Variable } from './variable.ts';

/** A single value that stays during a phase. */
export const one = (
  name: string,
  doc: string,
  read: (transaction: Transaction) => string | undefined,
): One => ({
  kind: 'one',
  name,
  doc,
  life: 'frozen',
  read,
});

/** A single value that may differ from rule to rule. */
export const live = (
  name: string,
  doc: string,
  read: (transaction: Transaction) => string | undefined,
): One => ({
  ...one(name, doc, read),
  life: 'live',
});

/** A collection that stays during a phase. */
export const many = (
  name: string,
  doc: string,
  list: (transaction: Transaction) => readonly Entry[],
): Many => ({
  kind: 'many',
  name,
  doc,
  life: 'frozen',
  list,
});

/** The names of a collection. */
export const names = (name: string, doc: string, list: Many['list']): Many => ({
  ...many(name, doc, t => namesOf(list(t))),
  areNames: true,
});

/** Those that the head of the request says for good. */
export const fixed = (variables: readonly Variable[]): readonly Variable[] =>
  variables.map(variable => ({ ...variable, fixed: true }));

/** What rules read of a yes or no. */
export const flag = (on: boolean | undefined): string => (on ? '1' : '0');
