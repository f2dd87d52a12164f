/** Header fields as the wire has them: names as sent, lower-case keys for comparing, values without outer blanks. */
import { fieldKey } from './field-names.ts';

const isBlank = (code: number) => code === 32 || code === 9;

/** The value that stands between two positions of a head, without the blanks around it (RFC 9112 §5.1). */
export function fieldValue(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Where the fields of a list lie in the text of a head: of each where its line begins and where its colon is. */
export type FieldMarks = readonly number[];

/**
 * Field lines in order of arrival; the same name may stand several times.
 *
 * A list that came off the wire with marks takes names and values out of its text when somebody asks for them.
 */
export class HeaderList {
  readonly keys: string[];
  #names: string[] = [];
  #values: string[] = [];
  #text: string;
  /** Undefined: names and values stand in their arrays. */
  #marks: FieldMarks | undefined;

  /**
   * @param keys of all fields, when text and marks are given
   * @param text of a head whose fields are written `Name: value` CRLF, with nothing else between them
   * @param marks two numbers for each field, and where the line behind the last one begins
   */
  constructor(keys: string[] = [], text = '', marks?: FieldMarks) {
    this.keys = keys;
    this.#text = text;
    this.#marks = marks;
  }

  get size(): number {
    return this.keys.length;
  }

  nameAt(at: number): string {
    const marks = this.#marks;
    return marks ? this.#text.slice(marks[2 * at]!, marks[2 * at + 1]!) : this.#names[at]!;
  }

  valueAt(at: number): string {
    const marks = this.#marks;
    return marks ? this.#text.slice(marks[2 * at + 1]! + 2, marks[2 * at + 2]! - 2) : this.#values[at]!;
  }

  setValueAt(at: number, value: string): void {
    this.#unfold();
    this.#values[at] = value;
  }

  get names(): readonly string[] {
    this.#unfold();
    return this.#names;
  }

  get values(): readonly string[] {
    this.#unfold();
    return this.#values;
  }

  /** The list is about to change, or somebody wants all of it. */
  #unfold(): void {
    if (!this.#marks) return;
    const { keys } = this;
    this.#names = keys.map((_, at) => this.nameAt(at));
    this.#values = keys.map((_, at) => this.valueAt(at));
    this.#marks = undefined;
    this.#text = '';
  }

  /** All lines but those of the `dropped` names, as they go out: `Name: value` CRLF. @param dropped lower case */
  linesWithout(dropped: ReadonlySet<string>): string {
    const marks = this.#marks;
    const { keys } = this;
    let lines = '';
    if (!marks) {
      for (let at = 0; at < keys.length; at++)
        if (!dropped.has(keys[at]!)) lines += `${this.#names[at]}: ${this.#values[at]}\r\n`;
      return lines;
    }
    // Neighbours that stay are one piece of the text.
    for (let at = 0; at < keys.length; at++) {
      const from = at;
      while (at < keys.length && !dropped.has(keys[at]!)) at++;
      if (at > from) lines += this.#text.slice(marks[2 * from]!, marks[2 * at]!);
    }
    return lines;
  }

  /** @param key lower case */
  add(name: string, key: string, value: string): void {
    this.#unfold();
    this.#names.push(name);
    this.keys.push(key);
    this.#values.push(value);
  }

  append(name: string, value: string): void {
    this.add(name, fieldKey(name), value);
  }

  /** The value of the first line of that name. */
  get(key: string): string | undefined {
    const at = this.keys.indexOf(key);
    return at === -1 ? undefined : this.valueAt(at);
  }

  /** The values of all lines of that name. */
  all(key: string): string[] {
    return this.keys.flatMap((each, at) => (each === key ? this.valueAt(at) : []));
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  /** Name, value, name, value. */
  pairs(): string[] {
    const pairs: string[] = [];
    for (let at = 0; at < this.keys.length; at++) pairs.push(this.nameAt(at), this.valueAt(at));
    return pairs;
  }

  /** All lines of that name joined, as RFC 9110 §5.3 allows and nginx's variables do. */
  joined(key: string, separator = ', '): string | undefined {
    const { keys } = this;
    const first = keys.indexOf(key);
    if (first === -1) return undefined;
    let value = this.valueAt(first);
    for (let at = first + 1; at < keys.length; at++) {
      if (keys[at] === key) value += separator + this.valueAt(at);
    }
    return value;
  }

  /** Replaces all lines of that name by one; an empty value leaves none. */
  set(name: string, value: string): void {
    this.remove(fieldKey(name));
    if (value !== '') this.append(name, value);
  }

  remove(key: string): void {
    for (let at = this.keys.length - 1; at >= 0; at--) if (this.keys[at] === key) this.removeAt(at);
  }

  removeAt(at: number): void {
    this.#unfold();
    this.#names.splice(at, 1);
    this.keys.splice(at, 1);
    this.#values.splice(at, 1);
  }

  clone(): HeaderList {
    const copy = new HeaderList();
    for (let at = 0; at < this.keys.length; at++) copy.add(this.nameAt(at), this.keys[at]!, this.valueAt(at));
    return copy;
  }
}

/** Takes out what would break the message: a value with variables may hold anything (RFC 9110 §5.5). */
export function cleanValue(text: string): string {
  return /[\0\r\n]/.test(text) ? text.replace(/[\0\r\n]/g, ' ') : text;
}

/** True when a comma-separated field holds the token, in any case (RFC 9110 §5.6.1). @param token lower case */
export function hasToken(value: string, token: string): boolean {
  const lower = value.toLowerCase();
  if (lower === token) return true;
  return lower.includes(',') && lower.split(',').some(part => part.trim() === token);
}
