/** Which lines are wanted: conditions on fields, all of which have to hold. */
import { parseCidr } from '#kit/cidr.ts';
import { covers } from '../ban/covers.ts';
import { type Fields, fieldOf } from './fields.ts';

export type Filter = (line: string, fields: Fields) => boolean;

const CONDITION = /^([\w.-]{1,64})(!=|==|=|<|>)(.{0,512})$/s;
const MOST_CONDITIONS = 16;
const CLASS = /^([1-5])xx$/i;
const RANGE = /^(\d{3})(?:-(\d{3}))?$/;

export class FilterFault extends Error {}

/**
 * `status=5xx`, `status=404,500-503`, `client=192.0.2.0/24`, `path=/login`, `request_time>1`, `level!=notice`: of numbers and networks what they say, of texts that
 * they stand in it, with `==` that they are it. `text` is the whole line.
 *
 * @throws {FilterFault} that says what is wrong
 */
export function filterOf(conditions: readonly string[]): Filter {
  if (conditions.length > MOST_CONDITIONS) throw new FilterFault(`at most ${MOST_CONDITIONS} conditions`);
  const tests = conditions.map(testOf);
  return (line, fields) => tests.every(test => test(line, fields));
}

function testOf(condition: string): Filter {
  const [, name, operator, wanted = ''] = CONDITION.exec(condition) ?? [];
  if (name === undefined)
    throw new FilterFault(`"${condition}" is no condition: write status=5xx, or client=192.0.2.7`);
  const test = valueTest(name, operator!, wanted);
  const holds: Filter = (line, fields) => {
    const value = name === 'text' ? line : fieldOf(fields, name);
    return value !== undefined && test(value);
  };
  return operator === '!=' ? (line, fields) => !holds(line, fields) : holds;
}

type Test = (value: string) => boolean;

function valueTest(name: string, operator: string, wanted: string): Test {
  if (operator === '<' || operator === '>') return numberTest(operator, wanted);
  if (operator === '==') return value => value === wanted;
  if (name === 'status') return statusTest(wanted);
  if (name === 'client') return clientTest(wanted);
  if (wanted === '') throw new FilterFault(`"${name}" has nothing to be found`);
  return value => value.includes(wanted);
}

function numberTest(operator: '<' | '>', wanted: string): Test {
  const bound = Number(wanted);
  if (wanted === '' || !Number.isFinite(bound)) throw new FilterFault(`"${wanted}" is no number`);
  return value => {
    const found = value === '' || value === '-' ? Number.NaN : Number(value);
    return operator === '<' ? found < bound : found > bound;
  };
}

function statusTest(wanted: string): Test {
  const ranges = wanted.split(',').map(word => {
    const [, digit] = CLASS.exec(word) ?? [];
    if (digit !== undefined) return [Number(digit) * 100, Number(digit) * 100 + 99] as const;
    const [, from, to = from] = RANGE.exec(word) ?? [];
    if (from === undefined)
      throw new FilterFault(`status "${word}": write 404, 5xx, 400-499, or several with commas`);
    return [Number(from), Number(to)] as const;
  });
  return value => ranges.some(([from, to]) => Number(value) >= from && Number(value) <= to);
}

function clientTest(wanted: string): Test {
  const network = parseCidr(wanted)?.cidr;
  if (!network) return value => value.includes(wanted);
  return value => {
    const address = parseCidr(value)?.cidr;
    return address !== undefined && covers(network, address);
  };
}
