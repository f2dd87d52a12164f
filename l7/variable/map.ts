/** `map`: a value looked up by another. */
import { asciiLower } from '#kit/ascii.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import { Matcher } from '../phase/captures.ts';
import { HostnameTable } from '../route/hostname-table.ts';
import { keptOnce, workedOutEachTime } from './keep.ts';
import type { Getter, Text, VariableSpace } from './space.ts';

type MapVariable = Extract<UserVariable, { kind: 'map' }>;

/** Exact keys first, then with `hostnames` the longest suffix and prefix, then patterns in order, then the default. */
export function mapGetter(variable: MapVariable, slot: number, space: VariableSpace): Getter {
  const source = space.text(variable.source);
  const find = finder(variable, space);
  const fallback = compileValue(variable.fallback, space);
  const { hostnames, volatile } = variable;
  const work = (exchange: Exchange): string => {
    let key = source(exchange);
    if (hostnames && key.endsWith('.')) key = key.slice(0, -1);
    const found = find(exchange, key) ?? fallback;
    return typeof found === 'string' ? found : found(exchange);
  };
  return volatile ? workedOutEachTime(work, slot) : keptOnce(work, slot);
}

/** Most values are plain: a table of many thousands keeps no function for each. */
type Value = string | Text;

const compileValue = (value: Template, space: VariableSpace): Value =>
  typeof value === 'string' ? value : space.text(value);

type Find = (exchange: Exchange, key: string) => Value | undefined;

function finder({ keys, patterns }: MapVariable, space: VariableSpace): Find {
  const compiled = (entries: readonly (readonly [key: string, value: Template])[]) =>
    entries.map(([key, value]) => [key, compileValue(value, space)] as const);
  const table = new HostnameTable<Value>({
    exact: compiled(keys.exact),
    leading: compiled(keys.leading),
    trailing: compiled(keys.trailing),
  });
  const tests = patterns.map(({ pattern, value }) => ({
    matcher: new Matcher(pattern, space),
    value: compileValue(value, space),
  }));
  return (exchange, key) => {
    const found = table.empty ? undefined : (table.exact(key) ?? table.find(asciiLower(key)));
    if (found !== undefined || key === '') return found;
    for (let at = 0; at < tests.length; at++) {
      const test = tests[at]!;
      if (test.matcher.matches(exchange, key)) return test.value;
    }
    return undefined;
  };
}
