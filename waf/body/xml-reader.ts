/** XML text → tags and text, one after the other. */

export class XmlFault extends Error {
  override readonly name = 'XmlFault';
}

export type XmlToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'end'; readonly tag: string }
  | {
      readonly kind: 'start';
      readonly tag: string;
      readonly attributes: readonly { readonly name: string; readonly value: string }[];
      readonly empty: boolean;
    };

/** Bytes of names; those above 0x7f belong to letters of UTF-8. */
const NAME = /[A-Za-z_:\x80-\xff][A-Za-z0-9_:.\-\x80-\xff]*/y;
const SPACE = /[ \t\r\n]*/y;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

export class XmlReader {
  readonly #text: string;
  #at: number;
  #started = false;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith('\xef\xbb\xbf') ? 3 : 0;
  }

  /** @returns undefined at the end. Comments, processing instructions and a harmless DOCTYPE are passed over. */
  next(): XmlToken | undefined {
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] !== '<') return this.#readText();
      if (this.#starts('<!--')) this.#skipPast('-->', 4);
      else if (this.#starts('<![CDATA[')) return { kind: 'text', text: this.#skipPast(']]>', 9) };
      else if (this.#starts('<?')) this.#skipPast('?>', 2);
      else if (this.#starts('<!DOCTYPE')) this.#skipDoctype();
      else if (this.#starts('</')) return this.#readEnd();
      else return this.#readStart();
    }
    return undefined;
  }

  #starts = (what: string): boolean => this.#text.startsWith(what, this.#at);

  #skipPast(end: string, opening: number): string {
    const from = this.#at + opening;
    const found = this.#text.indexOf(end, from);
    if (found < 0) throw new XmlFault(`${this.#text.slice(this.#at, this.#at + opening)} is never closed`);
    this.#at = found + end.length;
    return this.#text.slice(from, found);
  }

  /** An internal subset could declare entities: bombs, and files of the server. It is refused as a whole. */
  #skipDoctype(): void {
    if (this.#started) throw new XmlFault('a DOCTYPE after the root element has begun');
    const end = this.#text.indexOf('>', this.#at);
    if (end < 0) throw new XmlFault('the DOCTYPE is never closed');
    if (this.#text.slice(this.#at, end).includes('['))
      throw new XmlFault('a DOCTYPE with declarations of its own');
    this.#at = end + 1;
  }

  #readText(): XmlToken {
    const end = this.#text.indexOf('<', this.#at);
    const raw = this.#text.slice(this.#at, end < 0 ? this.#text.length : end);
    this.#at += raw.length;
    return { kind: 'text', text: decodeReferences(raw) };
  }

  #readEnd(): XmlToken {
    this.#at += 2;
    const tag = this.#name();
    this.#space();
    this.#expect('>');
    return { kind: 'end', tag };
  }

  #readStart(): XmlToken {
    this.#started = true;
    this.#at++;
    const tag = this.#name();
    const attributes: { name: string; value: string }[] = [];
    const names = new Set<string>();
    for (;;) {
      const spaced = this.#space();
      if (this.#starts('/>')) {
        this.#at += 2;
        return { kind: 'start', tag, attributes, empty: true };
      }
      if (this.#starts('>')) {
        this.#at++;
        return { kind: 'start', tag, attributes, empty: false };
      }
      if (!spaced) throw new XmlFault(`no space before an attribute of <${tag.slice(0, 40)}>`);
      const name = this.#name();
      if (names.has(name)) throw new XmlFault(`the attribute ${name.slice(0, 40)} stands twice`);
      names.add(name);
      attributes.push({ name, value: this.#attributeValue() });
    }
  }

  #attributeValue(): string {
    this.#space();
    this.#expect('=');
    this.#space();
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw new XmlFault('an attribute without quotes');
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) throw new XmlFault('an attribute that is never closed');
    const raw = this.#text.slice(this.#at + 1, end);
    if (raw.includes('<')) throw new XmlFault('< in an attribute');
    this.#at = end + 1;
    return decodeReferences(raw);
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) throw new XmlFault('a name is missing');
    this.#at += name.length;
    return name;
  }

  #space(): boolean {
    SPACE.lastIndex = this.#at;
    const length = SPACE.exec(this.#text)![0].length;
    this.#at += length;
    return length > 0;
  }

  #expect(char: string): void {
    if (this.#text[this.#at] !== char) throw new XmlFault(`${char} is missing`);
    this.#at++;
  }
}

/** Character references and the five entities that XML itself names; any other entity is refused. */
function decodeReferences(raw: string): string {
  if (!raw.includes('&')) return raw;
  return raw.replace(
    /&(#x[0-9a-fA-F]{1,8};|#[0-9]{1,8};|[A-Za-z]+;)?/g,
    (_, reference: string | undefined) => {
      if (reference === undefined) throw new XmlFault('& that begins no reference');
      const name = reference.slice(0, -1);
      if (!name.startsWith('#')) {
        const known = NAMED[name];
        if (known === undefined) throw new XmlFault(`the entity &${name.slice(0, 40)}; is not declared`);
        return known;
      }
      const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        throw new XmlFault(`no character has the number ${name.slice(1)}`);
      return Buffer.from(String.fromCodePoint(code)).toString('latin1');
    },
  );
}
