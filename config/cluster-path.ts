/** Ways between the two nodes of a pair: lines `path OWN PEER`. */
import { ArgumentFault } from './argument.ts';
import type { Faults } from './diagnostic.ts';
import { addressOf } from './l4-address.ts';
import type { Site, Token } from './lex.ts';

const MOST_PATHS = 8;

export interface PathDraft {
  readonly local: string;
  readonly peer: string;
  readonly place: Site;
}

/** Adds a path to those of its block. @throws {ArgumentFault} when it leads nowhere, or there are enough */
export function addPath(paths: PathDraft[], own: Token, peer: Token, place: Site): void {
  const [a, b] = [addressOf(own.text, own), addressOf(peer.text, peer)];
  if (a.family !== b.family)
    throw new ArgumentFault(`${a.text} and ${b.text} are of two families`, undefined, peer);
  if (a.text === b.text)
    throw new ArgumentFault('both addresses are the same', "the second is the other node's", peer);
  if (paths.length === MOST_PATHS) throw new ArgumentFault(`there are ${MOST_PATHS} paths already`);
  paths.push({ local: a.text, peer: b.text, place });
}

export function refuseTwinPaths(paths: readonly PathDraft[], faults: Faults): void {
  const known = new Set<string>();
  for (const { local, peer, place } of paths) {
    const twice = [local, peer].find(one => known.has(one));
    if (twice !== undefined)
      faults.error('value', `path: ${twice} is in another path`, place, 'each path has addresses of its own');
    known.add(local).add(peer);
  }
}
