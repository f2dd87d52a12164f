/** Letters of ASCII in texts that hold one byte a char: what is above 127 is no letter, whatever latin1 makes of it. */

const ABOVE_ASCII = /[\x80-\xff]/;

export function asciiLower(text: string): string {
  if (!ABOVE_ASCII.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase());
}
