/** The sections of a haproxy.cfg: a keyword and a name, and the lines below it as words. */

export interface Line {
  readonly line: number;
  readonly words: readonly string[];
}

export interface Section {
  readonly line: number;
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly Line[];
  /** Lines that hold where the section says nothing: of the `defaults` before it, or of those that it names (`from NAME`). */
  readonly defaults: readonly Line[];
}

const KINDS = new Set([
  ...[
    'global',
    'defaults',
    'frontend',
    'backend',
    'listen',
    'peers',
    'resolvers',
    'userlist',
    'cache',
    'mailers',
  ],
  ...['ring', 'program', 'http-errors', 'fcgi-app', 'log-forward', 'crt-store', 'traces'],
]);

/** @throws {Error} for a line before the first section */
export function readSections(text: string): readonly Section[] {
  const sections: (Section & { readonly lines: Line[] })[] = [];
  const defaultsOf = (kind: string, from: string | undefined): readonly Line[] => {
    // One `defaults` takes nothing of another that it does not name.
    if (kind === 'defaults' && from === undefined) return [];
    const found = sections.findLast(one => one.kind === 'defaults' && (from ?? one.name) === one.name);
    return found ? [...found.defaults, ...found.lines] : [];
  };
  text.split('\n').forEach((content, at) => {
    const words = wordsOf(content);
    const [first, name = ''] = words;
    if (first === undefined) return;
    if (KINDS.has(first)) {
      const from = words[2] === 'from' ? words[3] : undefined;
      sections.push({ line: at + 1, kind: first, name, lines: [], defaults: defaultsOf(first, from) });
      return;
    }
    if (sections.length === 0) throw new Error(`line ${at + 1}: "${first}" stands in no section`);
    sections.at(-1)!.lines.push({ line: at + 1, words });
  });
  return sections;
}

/** Blanks part words; quotes and backslashes keep them together; `#` begins a comment where a word could. */
export function wordsOf(content: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:(#.*)|((?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s\\"'])+))/gy;
  for (const [, comment, word] of content.matchAll(pattern)) {
    if (comment !== undefined) break;
    words.push(word!.replace(/\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/g, unquoted));
  }
  return words;
}

const unquoted = (_: string, escaped?: string, double?: string, single?: string): string =>
  escaped ?? double?.replace(/\\(.)/g, '$1') ?? single ?? '';

/** HAProxy's times are milliseconds without a unit. @returns undefined when it is none */
export function timeOf(text: string | undefined): string | undefined {
  const [, number, unit = 'ms'] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  return unit === 'us' ? `${Math.ceil(Number(number) / 1000)}ms` : `${number}${unit}`;
}
