/** Writes what was read as a moat.conf. */
import type { Imported, Words } from './outcome.ts';

/** @param file where it comes from, for comments */
export function writeConfig({ servers }: Imported, file: string): string {
  const blocks = servers.map(({ line, head, lines }) => {
    const inside = lines.map(words => `        ${written(words)};\n`).join('');
    return `\n    # ${file}:${line}\n    virtual_server ${written(head)} {\n${inside}    }\n`;
  });
  const inside = blocks.join('').replace(/^\n/, '');
  return `# Made from ${file} by moat import.\n\nevents {\n}\n\nl4 {\n${inside}}\n`;
}

const written = (words: Words): string => words.map(quoted).join(' ');

/** A word in quotes, where it would not be read as it is. */
function quoted(word: string): string {
  if (word !== '' && !/[\s;{}#"'\\$]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}
