/** The conditions of `if`. */
import { type Stats, statSync } from 'node:fs';
import type { Condition } from '#model/l7/rewrite.ts';
import { type LinkGuard, linkGuard } from '../content/symlinks.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { Matcher, programText } from './captures.ts';

export type Test = (exchange: Exchange) => boolean;

type TestMakers = {
  readonly [K in Condition['kind']]: (condition: Extract<Condition, { kind: K }>, compiler: Compiler) => Test;
};

export function compileCondition(condition: Condition, compiler: Compiler): Test {
  return TESTS[condition.kind](condition as never, compiler);
}

const TESTS: TestMakers = {
  set: (condition, { text }) => {
    const value = text(condition.value);
    return exchange => {
      const found = value(exchange);
      return found !== '' && found !== '0';
    };
  },
  equal: (condition, { text, variables }) => {
    const { negated } = condition;
    const value = text(condition.value);
    const to = programText(condition.to, variables);
    return exchange => (value(exchange) === to(exchange)) !== negated;
  },
  match: (condition, compiler) => {
    const { negated, source } = condition;
    const value = compiler.text(condition.value);
    const matcher = new Matcher(condition.pattern, compiler.variables);
    const logs = compiler.location.settings.rewrite.log;
    return exchange => {
      const text = value(exchange);
      const found = matcher.matches(exchange, text);
      if (!found) exchange.captures = null;
      if (logs) exchange.log('notice', `"${source}" ${found ? 'matches' : 'does not match'} "${text}"`);
      return found !== negated;
    };
  },
  file: (condition, compiler) => {
    const { negated } = condition;
    const holds = FILE_TESTS[condition.test];
    const path = programText(condition.path, compiler.variables);
    const guard = linkGuard(compiler);
    return exchange => {
      const stats = look(path(exchange), exchange, guard);
      return (stats !== undefined && holds(stats)) !== negated;
    };
  },
};

/** What the owner may execute: folders too. */
const OWNER_EXECUTES = 0o100;

const FILE_TESTS: Readonly<Record<Extract<Condition, { kind: 'file' }>['test'], (stats: Stats) => boolean>> =
  {
    f: stats => stats.isFile(),
    d: stats => stats.isDirectory(),
    e: stats => stats.isFile() || stats.isDirectory(),
    x: stats => (stats.mode & OWNER_EXECUTES) !== 0,
  };

const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** Asks the file system in place: a look at a name takes a few microseconds, and nginx waits for it too. */
function look(path: string, exchange: Exchange, guard: LinkGuard | undefined): Stats | undefined {
  const end = path.indexOf('\0');
  const name = end === -1 ? path : path.slice(0, end);
  try {
    const link = guard?.(exchange, name);
    if (link?.status === 403) exchange.log('crit', `openat() "${name}" failed ${link.reason}`);
    return link ? undefined : statSync(Buffer.from(name, 'latin1'), { throwIfNoEntry: false });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!NOT_THERE.has(code)) exchange.log('crit', `stat() "${path}" failed (${message})`);
    return undefined;
  }
}
