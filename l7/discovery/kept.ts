/** What is kept of sources over deaths and restarts: whom they named last. */
import { fieldsOf, listOf, textOf, wholeOf } from './answer.ts';
import { type Found, foundOf } from './found.ts';

export interface KeptSource {
  /** The label of the source. */
  readonly source: string;
  /** When it said so, in ms since 1970. */
  readonly succeededMs: number;
  readonly members: readonly Found[];
}

/** @throws {Error} when it is no such list */
export const keptSourcesOf = (value: unknown): KeptSource[] =>
  listOf(value, 'it').map(entry => {
    const { source, succeededMs, members } = fieldsOf(entry, 'an entry');
    return {
      source: textOf(source, 'source'),
      succeededMs: wholeOf(succeededMs, 'succeededMs', 0, Number.MAX_SAFE_INTEGER),
      members: listOf(members, 'members').map(foundOf),
    };
  });
