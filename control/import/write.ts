/** Writes what was read as a moat.conf. */
import type { Imported, ImportedBlock, Words } from './outcome.ts';

/** Where moat's unit has its pid file: without it an upgrade of the package has to restart moat. */
export const UNIT_PID = '/run/moat/moat.pid';

/** @param file where it comes from, for comments */
export function writeConfig({ servers, cluster }: Imported, file: string): string {
  const isCluster = cluster !== undefined && cluster.blocks.length > 0;
  const services = servers.map(server => ({ ...server, directive: 'virtual_server' }));
  const parts = [
    `# Made from ${file} by moat import.\n\npid ${UNIT_PID};\nevents {\n}\n`,
    ...(isCluster ? [block('cluster', cluster.blocks, file, cluster.lines)] : []),
    ...(services.length > 0 || !isCluster ? [block('l4', services, file)] : []),
  ];
  return parts.join('\n');
}

/** @param first lines before its blocks */
function block(
  name: string,
  blocks: readonly ImportedBlock[],
  file: string,
  first: readonly Words[] = [],
): string {
  const head = first.map(words => `    ${written(words)};\n`);
  const texts = blocks.map(({ line, directive, head, lines }) => {
    const inside = lines.map(words => `        ${written(words)};\n`).join('');
    return `\n    # ${file}:${line}\n    ${written([directive, ...head])} {\n${inside}    }\n`;
  });
  return `${name} {\n${[...head, ...texts].join('').replace(/^\n/, '')}}\n`;
}

/** A block with blocks in it. */
export interface Block {
  readonly head: Words;
  readonly lines: readonly (Words | Block)[];
  /** The line that it was made from. */
  readonly from?: number;
}

const isBlock = (item: Words | Block): item is Block => 'head' in item;

/** Directives and blocks, each block with the line that it comes from. */
export function writeBlocks(items: readonly (Words | Block)[], indent = ''): string {
  return items
    .map(item => {
      if (!isBlock(item)) return `${indent}${written(item)};\n`;
      const from = item.from === undefined ? '' : `${indent}# line ${item.from}\n`;
      return `\n${from}${indent}${written(item.head)} {\n${writeBlocks(item.lines, `${indent}    `)}${indent}}\n`;
    })
    .join('');
}

const written = (words: Words): string => words.map(quoted).join(' ');

/** A word in quotes, where it would not be read as it is. */
function quoted(word: string): string {
  if (word !== '' && !/[\s;{}#"'\\$]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}
