/** Conditions of HAProxy as the places where a request is told apart in moat: names of servers and locations. */
import type { Line } from './haproxy-tree.ts';

/** Hosts and paths; absent: all of them. */
export interface Where {
  readonly hosts?: readonly string[];
  /** Words of a location: `^~ /api`, `= /x`, `~ \.php$`. */
  readonly paths?: readonly string[];
  /** Networks of clients. */
  readonly sources?: readonly string[];
  /** Whether the client speaks TLS. */
  readonly tls?: boolean;
}

type Test = (values: readonly string[], isCaseless: boolean) => Where;

/** A text as a pattern of itself alone. */
export const escaped = (text: string) => text.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&');
const regex = (caseless: boolean) => (caseless ? '~*' : '~');
const HOSTS: Readonly<Record<string, Test>> = {
  '': hosts => ({ hosts: hosts.map(host => host.toLowerCase()) }),
  _end: ends => ({ hosts: ends.map(end => (end.startsWith('.') ? `*${end}` : `~${escaped(end)}$`)) }),
  _dom: domains => ({ hosts: domains.map(domain => `.${domain}`) }),
  _beg: starts => ({ hosts: starts.map(start => `~^${escaped(start)}`) }),
  _reg: patterns => ({ hosts: patterns.map(pattern => `~${pattern}`) }),
};
const PATHS: Readonly<Record<string, Test>> = {
  '': (paths, i) => ({ paths: paths.map(path => (i ? `~* ^${escaped(path)}$` : `= ${path}`)) }),
  _beg: (paths, i) => ({ paths: paths.map(path => (i ? `~* ^${escaped(path)}` : `^~ ${path}`)) }),
  _end: (paths, i) => ({ paths: paths.map(path => `${regex(i)} ${escaped(path)}$`) }),
  _reg: (paths, i) => ({ paths: paths.map(path => `${regex(i)} ${path}`) }),
  _sub: (paths, i) => ({ paths: paths.map(path => `${regex(i)} ${escaped(path)}`) }),
  _dir: (paths, i) => ({ paths: paths.map(path => `${regex(i)} /${escaped(path)}(/|$)`) }),
};

/** @param words of an acl behind its name, or within braces @returns undefined when moat has no place for it */
function testOf(words: readonly string[]): Where | undefined {
  const [criterion = '', ...rest] = words;
  if (rest[0] === '-f' || rest.includes('-m')) return undefined;
  const values = rest.filter(word => !/^-[in-]$/.test(word) && word !== '--');
  const isCaseless = rest.includes('-i');
  if (criterion === 'ssl_fc') return { tls: true };
  if (values.length === 0) return undefined;
  if (criterion === 'src') return { sources: values };
  const [, host] = /^(?:req\.)?hdr(_end|_dom|_beg|_reg|)\((?:host|Host)(?:,-?1)?\)$/.exec(criterion) ?? [];
  if (host !== undefined) return HOSTS[host]!(values, isCaseless);
  const [, path] = /^path(_beg|_end|_reg|_sub|_dir|)$/.exec(criterion) ?? [];
  return path === undefined ? undefined : PATHS[path]!(values, isCaseless);
}

/** The acls of a section: lines of one name are alternatives. */
export class Acls {
  readonly #tests = new Map<string, (Where | undefined)[]>();

  constructor(lines: readonly Line[]) {
    for (const { words } of lines) {
      const [keyword, name = '', ...test] = words;
      if (keyword === 'acl') this.#tests.set(name, [...(this.#tests.get(name) ?? []), testOf(test)]);
    }
  }

  /** @returns alternatives, in order; undefined when one of them cannot be told apart by places, or is negated */
  where(condition: readonly string[]): readonly Where[] | undefined {
    const found: Where[] = [];
    for (const alternative of alternativesOf(condition)) {
      let combined: readonly Where[] = [{}];
      for (const term of alternative) {
        const tests = Array.isArray(term) ? [testOf(term)] : this.#tests.get(term);
        if (!tests || tests.includes(undefined)) return undefined;
        combined = combined.flatMap(one => tests.flatMap(test => both(one, test!) ?? []));
      }
      if (combined.length === 0) return undefined;
      found.push(...combined);
    }
    return found;
  }
}

/** Both at once; undefined when both ask about the same. */
function both(one: Where, other: Where): Where | undefined {
  if (Object.keys(one).some(key => key in other)) return undefined;
  return { ...one, ...other };
}

type Term = string | string[];

/** `a b || { path_beg /x }` to its alternatives; `!a` stays a name that no acl has. */
function alternativesOf(words: readonly string[]): Term[][] {
  const found: Term[][] = [[]];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '||' || word === 'or') found.push([]);
    else if (word === '{') {
      const end = words.indexOf('}', at);
      found.at(-1)!.push(words.slice(at + 1, end === -1 ? undefined : end));
      at = end === -1 ? words.length : end;
    } else if (word === '!' && words[at + 1] === '{') {
      found.at(-1)!.push('!');
      at = words.indexOf('}', at);
    } else found.at(-1)!.push(word);
  }
  return found;
}

/** Whether a condition says "without TLS". */
export const isPlainOnly = (keyword: string | undefined, condition: readonly string[]): boolean => {
  const text = condition.join(' ');
  return keyword === 'unless' ? text === '{ ssl_fc }' : text === '!{ ssl_fc }' || text === '! { ssl_fc }';
};
