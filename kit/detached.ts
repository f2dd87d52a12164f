/** Texts that are kept longer than what they were cut out of. */

/**
 * A copy. V8 lets a piece of a longer string point into it, so a piece that is kept keeps all of that alive: of a host
 * name the whole head of a request.
 *
 * @param text latin1
 */
export const detached = (text: string): string => Buffer.from(text, 'latin1').latin1Slice();
