/** The file of SecUnicodeMapFile: what code pages make of letters that they lack, as Windows does it. */
import type { CodePage } from './url-decode.ts';

/**
 * A page begins with its number at the start of a line, and is pairs of `00c0:41` (the letter, and its byte) until another begins.
 *
 * @returns undefined when the file has no such page
 */
export function readCodePage(text: string, number: number): CodePage | undefined {
  let page: CodePage | undefined;
  let isMine = false;
  for (const line of text.split('\n')) {
    const head = /^\s*([0-9]{1,5})(?:\s|$)/.exec(line);
    if (head || /^\s*\(/.test(line)) isMine = Number(head?.[1]) === number;
    if (isMine) page = addTo(page ?? new Int16Array(65_536).fill(-1), line);
  }
  return page;
}

function addTo(page: CodePage, line: string): CodePage {
  for (const [, letter, byte] of line.matchAll(/\b([0-9a-fA-F]{4}):([0-9a-fA-F]{2})\b/g))
    page[Number.parseInt(letter!, 16)] = Number.parseInt(byte!, 16);
  return page;
}
