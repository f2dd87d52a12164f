/** Answers of sources: JSON that strangers wrote, read with a reason for each thing that is not as it should be. */

/** An answer that is not what its format says, or more than may be. */
export class Refusal extends Error {}

/** An answer that is longer than may be: a part of it may be asked for. */
export class TooLong extends Refusal {}

export type Fields = Readonly<Record<string, unknown>>;

/** @param where what it is, for the message: `items[3].ports` @throws {Refusal} */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Refusal(`${where} is no object`);
}

/** @throws {Refusal} */
export function listOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Refusal(`${where} is no list`);
}

/** What some formats leave out, or write as null, is an empty list. @throws {Refusal} */
export const listOrNone = (value: unknown, where: string): readonly unknown[] =>
  value === undefined || value === null ? [] : listOf(value, where);

/** @throws {Refusal} */
export function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw new Refusal(`${where} is no text`);
}

/** @throws {Refusal} */
export function wholeOf(value: unknown, where: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Refusal(`${where} is no number from ${least} to ${most}`);
}

/** @throws {Refusal} */
export function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(`${where} is not JSON`); // the parser's own message quotes what it read
  }
}

const MOST_QUOTED = 160;

/** What a stranger wrote, fit for a line of a log. */
export function quoted(text: string): string {
  const short = text.slice(0, MOST_QUOTED).replace(/[^\x20-\x7e]+/g, ' ');
  return text.length > MOST_QUOTED ? `${short}...` : short;
}
