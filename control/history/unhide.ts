/** Puts secrets back that the API has hidden: who changes something else in a file need not know them. */
import { HIDDEN, withoutSecrets } from '../api/desk/redact.ts';
import { refuse } from '../api/refusal.ts';

const STATEMENTS = /(?<=[;{}\n])/;
const LINES = /(?<=\n)/;

/**
 * A hidden secret is that of the same statement; of statements that look the same, of the one in the same turn.
 *
 * @param text as it was sent, with hidden secrets perhaps
 * @param before the file as it is in force
 * @throws {Refusal} when a hidden one cannot be told
 */
export function unhide(text: string, before: string): string {
  if (!text.includes(HIDDEN) || before.includes(HIDDEN)) return text;
  const shown = withoutSecrets(before);
  // A secret with a semicolon in its quotes makes more statements than are shown: then only whole lines can be told.
  const by = shown.split(STATEMENTS).length === before.split(STATEMENTS).length ? STATEMENTS : LINES;
  const known = pairsOf(shown.split(by), before.split(by));
  const turns = new Map<string, number>();
  let line = 1;
  return text
    .split(by)
    .map(part => {
      const key = part.trim();
      line += part.split('\n').length - 1;
      if (!part.includes(HIDDEN)) return part;
      const secrets = known.get(key) ?? [];
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const secret = new Set(secrets).size === 1 ? secrets[0] : secrets[turn];
      if (secret === undefined) throw untold(part.endsWith('\n') ? line - 1 : line);
      return part.replace(key, () => secret);
    })
    .join('');
}

/** What is shown → what stands there, in its order. */
function pairsOf(shown: readonly string[], whole: readonly string[]): Map<string, string[]> {
  const known = new Map<string, string[]>();
  if (shown.length !== whole.length) return known;
  shown.forEach((part, at) => {
    if (!part.includes(HIDDEN)) return;
    const key = part.trim();
    known.set(key, [...(known.get(key) ?? []), whole[at]!.trim()]);
  });
  return known;
}

const untold = (line: number) =>
  refuse(
    422,
    'hidden',
    `line ${line} has a hidden secret that no statement of the file in force has: write the secret, or file:PATH`,
  );
