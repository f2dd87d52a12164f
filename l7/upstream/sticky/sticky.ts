/** What every kind of session is to a pool: it says whose a request is, and learns from answers. */
import type { StickyModel } from '#model/l7/upstream.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../../exchange.ts';
import type { Response } from '../../response.ts';
import type { Text } from '../../variable/space.ts';
import type { Member } from '../member.ts';
import type { Roster } from '../roster.ts';

/** Of requests that belong to nobody yet. */
export const UNBOUND: readonly number[] = [];

export interface Sticky {
  /** The pool has other members now, or others first. Called before anything else. */
  follow(roster: Roster): void;
  /** The indexes of the members that the request belongs to, the best first. */
  bound(exchange: Exchange): readonly number[];
  /** The head of an answer is about to pass on. */
  answered(exchange: Exchange, member: Member, response: Response): void;
  /** An answer is complete. */
  completed(exchange: Exchange, member: Member): void;
}

/** What sessions need from the pool and the worker. */
export interface StickyMeans {
  readonly poolName: string;
  /** The first signs, all are accepted; at least one. */
  readonly secrets: readonly string[];
  text(template: Template): Text;
  /** The memory of a zone. */
  memory(name: string): SharedArrayBuffer;
  /** Of this thread's locks. */
  readonly owner: number;
}

export type StickyMaker<K extends StickyModel['kind']> = (
  model: Extract<StickyModel, { kind: K }>,
  means: StickyMeans,
) => Sticky;
