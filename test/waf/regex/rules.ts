/** The patterns of installed rule sets, for tests: read where they lie, none of them is ours. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RulePattern {
  readonly id: string;
  readonly source: string;
}

/** Debian's package modsecurity-crs. */
const DEBIAN_RULES = '/usr/share/modsecurity-crs/rules';

/** Folders of rule sets on this machine: Debian's, and a newer one that MOAT_CRS4 names. */
export const ruleFolders: readonly string[] = [DEBIAN_RULES, ...crs4()].filter(folder => existsSync(folder));

export const skip: string | false = ruleFolders.length > 0 ? false : 'modsecurity-crs is not installed';

function crs4(): string[] {
  const named = process.env['MOAT_CRS4'];
  if (!named) return [];
  const rules = join(named, 'rules');
  return [existsSync(rules) ? rules : named];
}

/** Each different `@rx` of the rules, with the id of a rule that has it. Those with macros are left out. */
export function crsPatterns(folder: string): RulePattern[] {
  const found = new Map<string, string>();
  for (const file of globSync('*.conf', { cwd: folder }).sort()) {
    const text = readFileSync(join(folder, file), 'latin1')
      .replaceAll(/^\s*#.*$/gm, '')
      .replaceAll('\\\n', ' ');
    for (const [, operator, actions] of text.matchAll(
      /^\s*SecRule\s+(?:"[^"]*"|\S+)\s+"((?:\\.|[^"\\])*)"(.*)/gm,
    )) {
      const source = /^!?@rx\s+(.*)$/s.exec(operator!)?.[1]?.replaceAll('\\"', '"');
      if (source === undefined || source.includes('%{')) continue;
      if (!found.has(source)) found.set(source, /\bid:(\d+)/.exec(actions!)?.[1] ?? 'chained');
    }
  }
  return [...found].map(([source, id]) => ({ id, source }));
}
