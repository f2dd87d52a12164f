/**
 * Whether a value would run script in a page that it is pasted into.
 *
 * Source: the approach and lists of libinjection's XSS detector (see docs/decisions/062-injection-tables.md).
 */
import { type HtmlContext, HtmlTokenizer } from './html-tokenizer.ts';

/** What an attribute is to a scripter. */
type Danger = 'always' | 'url' | 'style' | 'names-attribute' | undefined;

const TAGS = new Set([
  ...[
    'APPLET',
    'BASE',
    'COMMENT',
    'EMBED',
    'FRAME',
    'FRAMESET',
    'HANDLER',
    'IFRAME',
    'IMPORT',
    'ISINDEX',
    'LINK',
  ],
  ...['LISTENER', 'META', 'NOSCRIPT', 'OBJECT', 'SCRIPT', 'STYLE', 'VMLFRAME', 'XML', 'XSS'],
]);

const URL_ATTRIBUTES = [
  ...[
    'ACTION',
    'BY',
    'BACKGROUND',
    'DYNSRC',
    'FORMACTION',
    'FOLDER',
    'FROM',
    'HANDLER',
    'HREF',
    'LOWSRC',
    'POSTER',
  ],
  ...['SRC', 'TO', 'VALUES', 'XLINK:HREF'],
];

const ATTRIBUTES: ReadonlyMap<string, Danger> = new Map<string, Danger>([
  ...URL_ATTRIBUTES.map(name => [name, 'url'] as const),
  ['ATTRIBUTENAME', 'names-attribute'],
  ['DATAFORMATAS', 'always'],
  ['DATASRC', 'always'],
  ['FILTER', 'style'],
  ['STYLE', 'style'],
]);

/** Old browsers skipped NUL inside of names. No name has more letters than this. */
const LONGEST_NAME = 32;

const plainName = (name: string): string => name.replaceAll('\0', '').slice(0, LONGEST_NAME).toUpperCase();

const isDangerousTag = (name: string): boolean =>
  name.length >= 3 && (TAGS.has(plainName(name)) || /^(?:svg|xsl)/i.test(name));

/** By the two first letters, less their cases: the lengths of dangerous names, a bit each. Most names are ruled out by it. */
const LENGTHS = new Int32Array(32 * 32);
const placeOf = (name: string): number => (name.charCodeAt(0) & 31) * 32 + (name.charCodeAt(1) & 31);
for (const name of ATTRIBUTES.keys()) LENGTHS[placeOf(name)]! |= 1 << name.length;

const mayBeKnown = (name: string): boolean =>
  name.includes('\0') || ((LENGTHS[placeOf(name)]! >>> (name.length & 31)) & 1) === 1;

const [LETTER_N, LETTER_O, LETTER_X] = [110, 111, 120];

/** Event handlers (`on...`), and what binds other name spaces. */
function isAlwaysDangerous(name: string): boolean {
  const first = name.charCodeAt(0) | 32;
  if (first === LETTER_O && (name.charCodeAt(1) | 32) === LETTER_N) return true;
  return first === LETTER_X && /^(?:xmlns|xlink)/i.test(name);
}

function dangerOf(name: string): Danger {
  if (name.length < 2) return undefined;
  if (name.length >= 5 && isAlwaysDangerous(name)) return 'always';
  return mayBeKnown(name) ? ATTRIBUTES.get(plainName(name)) : undefined;
}

/** Schemes that run what follows them; JAVA is the head of JAVASCRIPT. */
const SCHEMES = ['DATA', 'VIEW-SOURCE', 'JAVA', 'VBSCRIPT'];

/** Characters that a scheme may take before it is known not to be one: spaces and NUL do not count. */
const LONGEST_SCHEME = 11;

/** `&#106;` and `&#x6a;`, with or without the semicolon. */
const REFERENCE = /&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?/y;

/** The last code point that is taken for a character, and a little more. */
const HIGHEST_CODE = 0x1000ff;

function codeOf(found: RegExpExecArray): number {
  const [, hex, decimal] = found;
  const digits = (hex ?? decimal!).replace(/^0+/, '');
  return digits.length > 9
    ? Number.POSITIVE_INFINITY
    : Number.parseInt(digits === '' ? '0' : digits, hex === undefined ? 10 : 16);
}

/** The first letters of a URL as a browser would take them: references decoded, NUL and line feeds skipped. */
function schemeOf(url: string): string {
  let scheme = '';
  for (let at = 0; at < url.length && scheme.length < LONGEST_SCHEME; ) {
    REFERENCE.lastIndex = at;
    const found = REFERENCE.exec(url);
    const code = found === null ? url.charCodeAt(at) : codeOf(found);
    const isReference = found !== null && code <= HIGHEST_CODE;
    at += isReference ? found[0].length : 1;
    const isSkipped = (scheme === '' && code <= 32) || code === 0 || code === 10;
    if (!isSkipped) scheme += String.fromCharCode(isReference || found === null ? code & 0xff : 0x26);
  }
  return scheme.toUpperCase();
}

/** Spaces, control characters and all bytes above 126 before a URL are skipped by one browser or another. */
function isScriptUrl(url: string): boolean {
  const scheme = schemeOf(url.replace(/^[\0- \x7f-\xff]+/, ''));
  return SCHEMES.some(known => scheme.startsWith(known));
}

/** Backticks end a tag in Internet Explorer; conditional comments, processing instructions and entities act. */
const isDangerousComment = (text: string): boolean =>
  text.includes('`') ||
  /^(?:\[if|xml)./is.test(text) ||
  /^(?:IMPORT|ENTITY)$/.test(plainName(text.slice(0, 6)));

function isDangerousValue(danger: Danger, value: string): boolean {
  if (danger === 'url') return isScriptUrl(value);
  return danger === 'names-attribute' ? dangerOf(value) !== undefined : danger !== undefined;
}

function runsScriptIn(value: string, context: HtmlContext): boolean {
  const tokens = new HtmlTokenizer(value, context);
  let danger: Danger;
  while (tokens.next()) {
    const { type, text } = tokens;
    if (type === 'doctype' || (type === 'tag' && isDangerousTag(text))) return true;
    if (type === 'comment' && isDangerousComment(text)) return true;
    if (type === 'value' && isDangerousValue(danger, text)) return true;
    danger = type === 'attribute' ? dangerOf(text) : undefined;
  }
  return false;
}

/**
 * Reads the value as text of a page, inside a tag, and inside each kind of quotes.
 * Linear in the length of the value.
 *
 * @param value one-byte string
 */
export function isScriptInjection(value: string): boolean {
  if (runsScriptIn(value, 'text') || runsScriptIn(value, 'tag')) return true;
  return runsScriptIn(value, "'") || runsScriptIn(value, '"') || runsScriptIn(value, '`');
}
