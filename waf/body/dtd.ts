/** Document type definitions: what elements may hold, and which attributes they have. Read from a file of the operator's, at load. */

/** The definition cannot be read, or has what is not understood here. */
export class DtdFault extends Error {
  override readonly name = 'DtdFault';
}

export interface AttributeRule {
  readonly name: string;
  readonly type: 'CDATA' | 'ID' | 'IDREF' | 'IDREFS' | 'NMTOKEN' | 'NMTOKENS' | readonly string[];
  readonly isRequired: boolean;
  /** Of `#FIXED`. */
  readonly fixed: string | undefined;
}

/** `mixed`: text, and these elements in any order. */
export type Content =
  | { readonly kind: 'any' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'mixed'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'children'; readonly model: Model };

/** A regular expression over names, as states: from each, by a name or by nothing, to others. State 0 begins, 1 ends. */
export interface Model {
  readonly byName: readonly ReadonlyMap<string, number>[];
  readonly byNothing: readonly (readonly number[])[];
}

export interface Dtd {
  readonly elements: ReadonlyMap<string, Content>;
  /** By element, by attribute. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, AttributeRule>>;
}

const TEXT_MOST = 1 << 20;
const STATES_MOST = 10_000;
const NAME = '[A-Za-z_:\\x80-\\xff][\\w:.\\-\\x80-\\xff]*';
/** The name of an element, an attribute or an ID. */
export const IS_NAME: RegExp = new RegExp(`^${NAME}$`);
const COMMENTS = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;
const ENTITY = new RegExp(`<!ENTITY\\s+%\\s+(${NAME})\\s+(?:"([^"]*)"|'([^']*)')\\s*>`, 'g');
const DECLARATION = /<!(ELEMENT|ATTLIST|ENTITY|NOTATION)\s+((?:"[^"]*"|'[^']*'|[^>"'])*)>/y;

/**
 * Elements and attributes with parameter entities of the file itself. Entities for documents say nothing here: a document with any is
 * refused before.
 *
 * @throws {DtdFault} also for conditional sections and for what lies in other files
 * @see W3C, Extensible Markup Language (XML) 1.0, sections 3.2 and 3.3
 */
export function readDtd(source: string): Dtd {
  const text = expand(source.replace(COMMENTS, ''));
  const elements = new Map<string, Content>();
  const attributes = new Map<string, Map<string, AttributeRule>>();
  for (let at = 0; ; ) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (at >= text.length) break;
    DECLARATION.lastIndex = at;
    const match = DECLARATION.exec(text);
    if (!match)
      throw new DtdFault(`what begins ${JSON.stringify(text.slice(at, at + 30))} is not understood`);
    at = DECLARATION.lastIndex;
    if (match[1] === 'ELEMENT') readElement(match[2]!, elements);
    if (match[1] === 'ATTLIST') readAttributes(match[2]!, attributes);
  }
  if (elements.size === 0) throw new DtdFault('it declares no element');
  return { elements, attributes };
}

/** Replaces %name; the first declaration of an entity counts. */
function expand(source: string): string {
  if (/<!ENTITY\s+%\s+\S+\s+(?:SYSTEM|PUBLIC)\b/.test(source))
    throw new DtdFault('it refers to another file');
  const entities = new Map<string, string>();
  for (const [, name, double, single] of source.matchAll(ENTITY))
    if (!entities.has(name!)) entities.set(name!, double ?? single ?? '');
  let text = source.replace(ENTITY, '');
  for (let round = 0; round < 20 && text.includes('%'); round++) {
    text = text.replace(new RegExp(`%(${NAME});`, 'g'), (whole, name: string) => {
      const value = entities.get(name);
      if (value === undefined) throw new DtdFault(`the entity ${whole} is not declared`);
      return value;
    });
    if (text.length > TEXT_MOST) throw new DtdFault('its entities grow without end');
  }
  return text;
}

function readElement(text: string, elements: Map<string, Content>): void {
  const match = new RegExp(`^(${NAME})\\s+([\\s\\S]+?)\\s*$`).exec(text);
  if (!match) throw new DtdFault(`<!ELEMENT ${text.slice(0, 40)}> is not understood`);
  const [, name, content] = match as unknown as [string, string, string];
  if (elements.has(name)) throw new DtdFault(`the element ${name} is declared twice`);
  elements.set(name, readContent(name, content));
}

function readContent(name: string, text: string): Content {
  if (text === 'ANY') return { kind: 'any' };
  if (text === 'EMPTY') return { kind: 'empty' };
  if (/^\(\s*#PCDATA/.test(text)) {
    const inner = /^\(\s*#PCDATA\s*((?:\|[^()|]*)*)\)\*?$/.exec(text)?.[1];
    if (inner === undefined) throw new DtdFault(`the content of ${name} is not understood`);
    return {
      kind: 'mixed',
      names: new Set(
        inner
          .split('|')
          .map(one => one.trim())
          .filter(one => one !== ''),
      ),
    };
  }
  return { kind: 'children', model: new ModelReader(name, text).read() };
}

/** Thompson's construction over `(a, (b | c)*, d?)`. */
class ModelReader {
  readonly #name: string;
  readonly #words: readonly string[];
  readonly #byName: Map<string, number>[] = [new Map(), new Map()];
  readonly #byNothing: number[][] = [[], []];
  #at = 0;

  constructor(name: string, text: string) {
    this.#name = name;
    this.#words = text.match(new RegExp(`${NAME}|[(),|?*+]|\\S`, 'g')) ?? [];
  }

  read(): Model {
    this.#particle(0, 1, 0);
    if (this.#at < this.#words.length) throw this.#fault();
    return { byName: this.#byName, byNothing: this.#byNothing };
  }

  #fault(): DtdFault {
    return new DtdFault(
      `the content of ${this.#name} is not understood at ${this.#words[this.#at] ?? 'its end'}`,
    );
  }

  #state(): number {
    if (this.#byName.length >= STATES_MOST) throw new DtdFault(`the content of ${this.#name} is too large`);
    this.#byNothing.push([]);
    return this.#byName.push(new Map()) - 1;
  }

  #particle(from: number, to: number, depth: number): void {
    if (depth > 100) throw this.#fault();
    const [start, end] = [this.#state(), this.#state()];
    if (this.#words[this.#at] === '(') this.#group(start, end, depth);
    else {
      const name = this.#words[this.#at++];
      if (name === undefined || !IS_NAME.test(name)) throw this.#fault();
      this.#byName[start]!.set(name, end);
    }
    this.#byNothing[from]!.push(start);
    this.#byNothing[end]!.push(to);
    const sign = this.#words[this.#at];
    if (sign === '?' || sign === '*') this.#byNothing[start]!.push(end);
    if (sign === '*' || sign === '+') this.#byNothing[end]!.push(start);
    if (sign === '?' || sign === '*' || sign === '+') this.#at++;
  }

  #group(start: number, end: number, depth: number): void {
    this.#at++;
    const sign = this.#separator();
    for (let from = start; ; ) {
      const to = sign === '|' ? end : this.#state();
      this.#particle(from, to, depth + 1);
      if (sign !== '|') from = to;
      const next = this.#words[this.#at++];
      if (next === ')') {
        if (sign !== '|') this.#byNothing[from]!.push(end);
        return;
      }
      if (next !== sign) {
        this.#at--;
        throw this.#fault();
      }
    }
  }

  /** What parts the members of the group that begins here. */
  #separator(): string {
    for (let at = this.#at, depth = 0; at < this.#words.length; at++) {
      const word = this.#words[at]!;
      if (word === '(') depth++;
      else if (word === ')' && depth-- === 0) return ',';
      else if (depth === 0 && (word === '|' || word === ',')) return word;
    }
    throw this.#fault();
  }
}

const ATTRIBUTE = new RegExp(
  `\\s*(${NAME})\\s+(CDATA|IDREFS?|ID|NMTOKENS?|(?:NOTATION\\s*)?\\([^)]*\\)|[A-Z]+)\\s*(#REQUIRED|#IMPLIED|(#FIXED\\s+)?(?:"([^"]*)"|'([^']*)'))`,
  'y',
);

function readAttributes(text: string, all: Map<string, Map<string, AttributeRule>>): void {
  const element = new RegExp(`^(${NAME})`).exec(text)?.[1];
  if (element === undefined) throw new DtdFault(`<!ATTLIST ${text.slice(0, 40)}> is not understood`);
  const own = all.get(element) ?? new Map<string, AttributeRule>();
  all.set(element, own);
  for (let at = element.length; !/^\s*$/.test(text.slice(at)); ) {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(text);
    if (!match)
      throw new DtdFault(`the attributes of ${element} are not understood at ${text.slice(at, at + 30)}`);
    at = ATTRIBUTE.lastIndex;
    const [, name, type, use, isFixed, double, single] = match;
    if (own.has(name!)) continue; // the first declaration counts
    own.set(name!, {
      name: name!,
      type: typeOf(type!, element),
      isRequired: use === '#REQUIRED',
      fixed: isFixed === undefined ? undefined : (double ?? single),
    });
  }
}

function typeOf(text: string, element: string): AttributeRule['type'] {
  if (text.endsWith(')'))
    return text
      .replace(/^(?:NOTATION\s*)?\(|\)$/g, '')
      .split('|')
      .map(one => one.trim());
  if (['CDATA', 'ID', 'IDREF', 'IDREFS', 'NMTOKEN', 'NMTOKENS'].includes(text))
    return text as AttributeRule['type'];
  throw new DtdFault(`an attribute of ${element} has the type ${text}`);
}
