/** Text of a stranger in a line of a log. */

/** In quotes, with nothing that could end the line or pass for another. */
export const quoted = (text: string): string =>
  `"${text.replace(/[\0-\x1f"\\\x7f-\xff]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
