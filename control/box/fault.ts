/** What a fault is, for those that make them and those that strike with them. */
import type { Box } from './box.ts';
import type { Node } from './node.ts';

/**
 * `undisturbed`: no request fails, no connection ends; `connections`: none that is held ends, but a request may fail that begins in
 * the moment of the change; `requests`: no request fails and no connection ends, but a download that came from what broke;
 * `addresses`: they answer again, which is all.
 */
export type Promised = 'undisturbed' | 'connections' | 'requests' | 'addresses';

/**
 * What has to be so before it is mended. `rightful`: the first node that can has the addresses; `one`: one of them, whichever; `nobody`:
 * none is left to have them; `both`: two may have them, for neither can know of the other.
 */
export type Meanwhile = 'rightful' | 'one' | 'nobody' | 'both';

/** What a fault finds that is not seen of the pair and its client. */
export interface Findings {
  /** What came of it. */
  note(text: string): void;
  /** What is not as it should be. */
  wrong(text: string): void;
}

export interface Fault {
  readonly name: string;
  readonly promised: Promised;
  readonly meanwhile: Meanwhile;
  /** The nodes do not hear each other, and both go on. */
  readonly dividesPair?: boolean;
  /** @returns how it is mended, or undefined where there is nothing to mend */
  strike(box: Box, findings: Findings): Promise<(() => Promise<void>) | undefined>;
}

export type Strike = Fault['strike'];

/** What the nodes of the pair are: one of them, and both. */
export const tierOf = ({ plan }: Box) =>
  plan.directors > 0 ? (['director', 'directors'] as const) : (['proxy', 'proxies'] as const);

/** @throws {Error} when nobody has the addresses */
export function activeOf({ active }: Box): Node {
  if (!active) throw new Error('nobody has the virtual addresses');
  return active;
}

/** @throws {Error} when there is one node alone */
export function otherOf(box: Box): Node {
  const node = box.holders.find(one => one !== box.active);
  if (!node) throw new Error('there is no other node');
  return node;
}
