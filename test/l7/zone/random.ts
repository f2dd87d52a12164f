/** A small seeded random source, so that a failing property names the seed that shows it. */

/** Numbers 0 <= n < 1, the same for the same seed. */
export { randomFrom as seeded } from '../../../control/box/random.ts';

/** A whole number 0 <= n < below. */
export function draw(random: () => number, below: number): number {
  return Math.floor(random() * below);
}
