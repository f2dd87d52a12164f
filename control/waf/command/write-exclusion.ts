/** Writes exclusions into the configuration file, at the head of their location. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { WafEvent } from '#model/waf-event.ts';
import { bytesOf } from '../../host/path-bytes.ts';

/** The text with `lines` behind the brace that opens the block on `lineNumber`; undefined when there is none. */
export function insertLines(text: string, lineNumber: number, lines: readonly string[]): string | undefined {
  const rows = text.split('\n');
  for (let at = lineNumber - 1; at < rows.length && at < lineNumber + 10; at++) {
    const row = rows[at]!;
    const brace = row.indexOf('{');
    if (brace < 0) continue;
    const indent = `${/^\s*/.exec(rows[lineNumber - 1]!)![0]}  `;
    const rest = row.slice(brace + 1);
    const inserted = lines.map(line => indent + line);
    const tail = rest.trim() === '' ? [] : [indent + rest.trim()];
    rows.splice(at, 1, row.slice(0, brace + 1), ...inserted, ...tail);
    return rows.join('\n');
  }
  return undefined;
}

export interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Puts the new text in the place of the old one, all at once. */
  apply(): void;
  undo(): void;
}

function replaceFile(path: string, text: string): void {
  const { mode } = statSync(bytesOf(path));
  const next = `${path}.new-${process.pid}`;
  writeFileSync(bytesOf(next), text, { encoding: 'latin1', mode: mode & 0o777 });
  renameSync(bytesOf(next), bytesOf(path));
}

/** Lines that are to stand at the head of one location. */
export interface Insertion {
  readonly site: WafEvent['site'];
  readonly lines: readonly string[];
}

/** A change for each file. @throws {Error} when a location is not where it was */
export function changesFor(insertions: readonly Insertion[]): Change[] {
  const files = Map.groupBy(insertions, ({ site }) => site.file);
  return [...files].map(([file, wanted]) => {
    const before = readFileSync(bytesOf(file), 'latin1');
    // From the bottom, so that lines above stay where they are.
    const ordered = wanted.toSorted((a, b) => b.site.line - a.site.line);
    const after = ordered.reduce((text, insertion) => inserted(text, insertion), before);
    const apply = () => replaceFile(file, after);
    return { file, before, after, apply, undo: () => replaceFile(file, before) };
  });
}

function inserted(text: string, { site: { file, line }, lines }: Insertion): string {
  const after = insertLines(text, line, lines);
  if (after === undefined)
    throw new Error(`${file}:${line} opens no block any more: write the line yourself`);
  return after;
}
