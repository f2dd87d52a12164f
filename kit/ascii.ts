/** Letters and digits of ASCII in texts that hold one byte a char: what is above 127 is none, whatever latin1 makes of it. */

const ABOVE_ASCII = /[\x80-\xff]/;

export function asciiLower(text: string): string {
  if (!ABOVE_ASCII.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase());
}

/** The value of a hexadecimal digit, 0..15, or -1 (also for NaN, which lies past the end of a text). */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
