/** Finds words of SQL in a text, in either case, without making strings of what stands there. */
import { typesOf, UPPER } from './sql-token.ts';
import { SQL_WORDS } from './sql-words.ts';

/** What phrases of several words begin with, less their last word. */
const BEGINNINGS: ReadonlySet<string> = new Set(
  [...SQL_WORDS.keys()].filter(word => word.includes(' ')).map(word => word.slice(0, word.lastIndexOf(' '))),
);

/** Words, phrases, and beginnings of phrases. */
const ENTRIES: readonly string[] = [...new Set([...SQL_WORDS.keys(), ...BEGINNINGS])];
/** By entry: its type, 0 for what is only a beginning. */
const TYPES = Int32Array.from(ENTRIES, entry => typesOf(SQL_WORDS.get(entry) ?? ''));
const IS_BEGINNING = Uint8Array.from(ENTRIES, entry => (BEGINNINGS.has(entry) ? 1 : 0));

/** A quarter full, so that most texts that are no word meet no entry at all. */
const SLOTS = 4096;
const FIRST_PLACE = 17;
/** By hash: an entry, counted from 1; the next ones stand in the slots behind it. */
const TABLE = new Int16Array(SLOTS);
ENTRIES.forEach((entry, at) => {
  let slot = hashOf(entry, 0, entry.length);
  while (TABLE[slot] !== 0) slot = (slot + 1) % SLOTS;
  TABLE[slot] = at + 1;
});

function hashOf(text: string, from: number, to: number): number {
  let hash = FIRST_PLACE;
  for (let at = from; at < to; at++) hash = Math.imul(hash, 31) + UPPER[text.charCodeAt(at) & 255]!;
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}

function isAt(entry: string, text: string, from: number, to: number): boolean {
  if (entry.length !== to - from) return false;
  for (let at = 0; at < entry.length; at++)
    if (entry.charCodeAt(at) !== UPPER[text.charCodeAt(from + at) & 255]) return false;
  return true;
}

/** @returns the number of the entry, -1 for none */
function find(text: string, from: number, to: number): number {
  for (let slot = hashOf(text, from, to); TABLE[slot] !== 0; slot = (slot + 1) % SLOTS) {
    const at = TABLE[slot]! - 1;
    if (isAt(ENTRIES[at]!, text, from, to)) return at;
  }
  return -1;
}

/** @returns the type of the word or phrase that stands there; 0 when SQL knows none */
export function wordType(text: string, from: number, to: number): number {
  const at = find(text, from, to);
  return at < 0 ? 0 : TYPES[at]!;
}

/** Whether more words may make a phrase of what stands there. */
export function beginsPhrase(text: string, from: number, to: number): boolean {
  const at = find(text, from, to);
  return at >= 0 && IS_BEGINNING[at] === 1;
}
