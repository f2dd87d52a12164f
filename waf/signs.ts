/** Which kinds of bytes a value has, a bit each: what tells without a look at the value that a transformation leaves it alone. */

/** Bytes that transformations and rules tell apart. What is in no kind here, letters and digits apart, is in one of the last. */
const KINDS: readonly string[] = [
  '\0',
  '\t\n\v\f\r',
  ' ',
  '"',
  '#',
  '$',
  '%',
  '&',
  "'",
  '()',
  '*',
  '+',
  ',',
  '-',
  '.',
  '/',
  ':',
  ';',
  '<',
  '=',
  '>',
  '\\',
  '`',
  '{}',
  '|',
];
const [DIGIT, UPPER, LOWER, OTHER, LEAD, HIGH] = [25, 26, 27, 28, 29, 30];

/** Of a value that begins with a dot: relative paths. */
export const LEADING_DOT_SIGN: number = 1 << 31;

/** By byte: the bit of its kind. Shape [256]. */
export const SIGN_OF: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => 1 << kindOf(byte));

/** Of a transformation that may change any value. */
export const ANY_SIGN = -1;
export const UPPER_SIGN: number = 1 << UPPER!;
export const LOWER_SIGN: number = 1 << LOWER!;

/** The kinds of all bytes of a text. */
export function signsOf(text: string): number {
  let signs = 0;
  for (let at = 0; at < text.length; at++) signs |= SIGN_OF[text.charCodeAt(at) & 255]!;
  return signs;
}

function kindOf(byte: number): number {
  const char = String.fromCharCode(byte);
  const kind = KINDS.findIndex(bytes => bytes.includes(char));
  if (kind >= 0) return kind;
  if (/[0-9]/.test(char)) return DIGIT!;
  if (/[A-Z]/.test(char)) return UPPER!;
  // Names are full of them, and to tell them from letters would rule out little.
  if (/[a-z_]/.test(char)) return LOWER!;
  if (byte < 0x80) return OTHER!;
  return byte >= 0xc0 && byte <= 0xf7 ? LEAD! : HIGH!;
}
