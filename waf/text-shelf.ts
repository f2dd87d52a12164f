/**
 * Values that come with request after request (names of header fields, browsers, hosts, tokens of a session), with all that was
 * found out about them. They are inspected once; a filter's rules and transformations depend on nothing but the value.
 */

import { scratch } from './scratch.ts';
import type { Text } from './text.ts';

/** Of a value that is kept: longer ones seldom come twice, and to look for them costs something for each byte. */
const MOST_BYTES = 256;
/** Of a generation, of which there are two. What was made of a value takes some times its bytes. */
const GENERATION_VALUES = 512;
const GENERATION_BYTES = 64 * 1024;
/** Values whose first coming is remembered, a byte each. */
const GLIMPSES = 4096;

/**
 * Bounded whatever comes: a value is kept when it comes a second time before a few thousand others, and forgotten when it does
 * not come during a generation.
 */
export class TextShelf {
  #recent = new Map<string, Text>();
  #before = new Map<string, Text>();
  #bytes = 0;
  readonly #glimpses = new Uint8Array(GLIMPSES);

  get size(): number {
    return this.#recent.size + this.#before.size;
  }

  find(value: string): Text | undefined {
    if (value.length > MOST_BYTES) return undefined;
    const known = this.#recent.get(value);
    if (known) return known;
    const older = this.#before.get(value);
    if (older) this.keep(older);
    return older;
  }

  /** Whether the value probably came before; from now on it did. */
  glimpse(value: string): boolean {
    if (value.length > MOST_BYTES) return false;
    const hash = hashOf(value);
    const place = hash & (GLIMPSES - 1);
    const sign = (hash >>> 24) | 1;
    const isKnown = this.#glimpses[place] === sign;
    this.#glimpses[place] = sign;
    return isKnown;
  }

  keep(text: Text): void {
    if (this.#recent.size >= GENERATION_VALUES || this.#bytes >= GENERATION_BYTES) {
      this.#before = this.#recent;
      this.#recent = new Map();
      this.#bytes = 0;
    }
    this.#recent.set(text.value, text);
    this.#bytes += text.value.length;
  }
}

/** FNV-1a. */
function hashOf(value: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), 0x0100_0193);
  return hash ^ (hash >>> 15);
}

/**
 * A copy with memory of its own: the value of a field is a piece of the whole head, which would be kept with it. It is another
 * text where the value is more than bytes.
 */
export const ownCopy = (value: string): string => scratch.latin1Slice(0, scratch.latin1Write(value, 0));
