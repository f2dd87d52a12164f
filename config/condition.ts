/** Reads the condition of `if`, by the words that stand in its parentheses. */
import type { Condition } from '#model/l7/rewrite.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';
import { variableName } from './variable-name.ts';

const FORMS = '($x), ($x = y), ($x != y), ($x ~ regex), ($x !~* regex), (-f path), (!-d path)';

const JOINED = 'make one variable of both values with map, and test that';

/**
 * The parentheses belong to the first and the last word, or are words of their own.
 *
 * @throws {ArgumentFault} when it is no condition
 */
export function readCondition(tokens: readonly Token[], scope: Scope): Condition {
  const joint = tokens.find(({ text }) => /^(?:&&|\|\||and|or)$/i.test(text));
  if (joint) throw new ArgumentFault(`"${joint.text}" joins conditions, which "if" cannot`, JOINED, joint);
  const words = withoutParentheses(tokens);
  const [first, sign, last] = words;
  if (!first) throw invalid(tokens[0]!);
  if (first.text.length > 1 && first.text.startsWith('$')) {
    const value = [{ variable: variableName(first, scope) }];
    if (words.length === 1) return { kind: 'set', value };
    if (!sign || !last || words.length > 3) throw invalid(first);
    return comparison(value, sign, last, scope);
  }
  const test = /^(!?)-([fdex])$/.exec(first.text);
  if (!test || !sign || words.length !== 2) throw invalid(first);
  const path = scope.template(sign.text, sign);
  return { kind: 'file', test: test[2] as 'f' | 'd' | 'e' | 'x', path, negated: test[1] === '!' };
}

function comparison(value: Template, sign: Token, last: Token, scope: Scope): Condition {
  const negated = sign.text.startsWith('!');
  switch (sign.text) {
    case '=':
    case '!=':
      return { kind: 'equal', value, to: scope.template(last.text, last), negated };
    case '~':
    case '!~':
    case '~*':
    case '!~*': {
      const pattern = scope.pattern(last.text, sign.text.endsWith('*'), last);
      return { kind: 'match', value, pattern, source: last.text, negated };
    }
  }
  const hint = sign.text === '==' ? 'write "="' : `write one of ${FORMS}`;
  throw new ArgumentFault(`unexpected "${sign.text}" in condition`, hint, sign);
}

function withoutParentheses(tokens: readonly Token[]): Token[] {
  const words = [...tokens];
  const first = words[0]!;
  if (!first.text.startsWith('(')) throw invalid(first);
  if (first.text.length === 1) words.shift();
  else words[0] = { ...first, text: first.text.slice(1) };
  const last = words.at(-1) ?? first;
  if (!last.text.endsWith(')')) throw invalid(last);
  if (last.text.length === 1) words.pop();
  else words[words.length - 1] = { ...last, text: last.text.slice(0, -1) };
  return words;
}

function invalid(token: Token): ArgumentFault {
  return new ArgumentFault(`invalid condition "${token.text}"`, `write one of ${FORMS}`, token);
}
