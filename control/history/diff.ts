/** Two configurations beside each other, secrets hidden in both. */
import { unifiedDiff } from '#config';
import { withoutSecrets } from '../api/desk/redact.ts';
import type { Texts } from './place.ts';

export interface ConfigDiff {
  /** Of all files, as `diff -u` writes it; '' when they show the same. */
  readonly diff: string;
  /** Files in which a secret is another, which the diff does not show. */
  readonly hidden: readonly string[];
}

export function diffOf(from: Texts, to: Texts): ConfigDiff {
  const paths = [...new Set([...from.keys(), ...to.keys()])].sort();
  const shown = paths.map(path => {
    const [before, after] = [from.get(path), to.get(path)];
    const names = [
      before === undefined ? '/dev/null' : path,
      after === undefined ? '/dev/null' : path,
    ] as const;
    return unifiedDiff(withoutSecrets(before ?? ''), withoutSecrets(after ?? ''), names);
  });
  const hidden = paths.filter(
    (path, at) => shown[at] === '' && (from.get(path) ?? '') !== (to.get(path) ?? ''),
  );
  return { diff: shown.join(''), hidden };
}
