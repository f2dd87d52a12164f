/** The words of `waf_rules` → files of rules, in the order in which they are read. */
import { type Disk, diskWith } from '../disk.ts';

/** moat's own, beside the code. */
const OWN = new URL('../../waf/rules/', import.meta.url).pathname;
/** What every set of rules stands on: which bodies are read, and as what. */
const BASE = `${OWN}base.conf`;
/** Debian's package modsecurity-crs. */
const DEBIAN_CRS = '/usr/share/modsecurity-crs/owasp-crs.load';

/** A word that names nothing. */
export class NoRules extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** An unpacked release: its settings, plugins before and after, as its own installation manual has them. */
function releaseRoots(folder: string, { glob, isThere }: Disk): string[] {
  const rules = glob(`${folder}/rules/*.conf`);
  if (rules.length === 0)
    throw new NoRules(
      `there are no OWASP rules in "${folder}"`,
      'name the folder that holds crs-setup.conf and rules/',
    );
  const setup = [`${folder}/crs-setup.conf`, `${folder}/crs-setup.conf.example`].filter(isThere).slice(0, 1);
  const plugins = (part: string) => glob(`${folder}/plugins/*-${part}.conf`);
  return [...setup, ...plugins('config'), ...plugins('before'), ...rules, ...plugins('after')];
}

function debianRoots({ isThere }: Disk): string[] {
  if (isThere(DEBIAN_CRS)) return [DEBIAN_CRS];
  throw new NoRules('the OWASP rules are not installed', 'apt-get install modsecurity-crs, or write crs=DIR');
}

function rootsOfWord(word: string, disk: Disk): readonly string[] {
  if (word === 'default') return disk.glob(`${OWN}default/*.conf`);
  if (word === 'crs') return debianRoots(disk);
  if (word.startsWith('crs=')) return releaseRoots(word.slice(4).replace(/\/+$/, ''), disk);
  const found = disk.glob(word);
  if (found.length === 0) throw new NoRules(`"${word}" names no file`, 'correct the path');
  return found;
}

/** @throws {NoRules} */
export function ruleRoots(words: readonly string[], disk: Disk = diskWith()): readonly string[] {
  return [BASE, ...(words.length === 0 ? ['default'] : words).flatMap(word => rootsOfWord(word, disk))];
}

export const isOwnRule = (path: string): boolean => path.startsWith(OWN);
