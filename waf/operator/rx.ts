/** `@rx` and `@rxGlobal`: regular expressions. */
import type { CompiledPattern, Matcher, Operator, OperatorContext, Template } from './operator.ts';

/** A pattern with macros is compiled for what they expand to; so many compiled ones are kept. */
const KEPT_PATTERNS = 64;

function patternsFor(template: Template, context: OperatorContext): Matcher {
  const kept = new Map<string, CompiledPattern>();
  const compile = (source: string): CompiledPattern => {
    const known = kept.get(source);
    if (known !== undefined) return known;
    if (kept.size >= KEPT_PATTERNS) kept.delete(kept.keys().next().value!);
    const pattern = context.compilePattern(source);
    kept.set(source, pattern);
    return pattern;
  };
  return {
    match: (value, scope) => compile(template.expand(scope)).test(value),
    captures: (value, scope) => compile(template.expand(scope)).exec(value),
  };
}

const compile: Operator['compile'] = (argument, context) => {
  const template = context.template(argument);
  if (template.constant === undefined) return patternsFor(template, context);
  const pattern = context.compilePattern(template.constant);
  return { pattern, match: value => pattern.test(value), captures: value => pattern.exec(value) };
};

export const rx: Operator = {
  name: 'rx',
  doc: 'Matches values in which the regular expression (PCRE) finds something; captures its groups.',
  compile,
};

/** The rest of the value after the first occurrence of `found`; shorter than the value in any case. */
const after = (value: string, found: string): string =>
  value.slice(value.indexOf(found) + Math.max(found.length, 1));

/** TX.0 to TX.9: no more matches are looked for. */
const CAPTURE_LIMIT = 10;

export const rxGlobal: Operator = {
  name: 'rxGlobal',
  doc: 'As @rx, but captures what each of its matches and their groups hold, in order.',
  compile(argument, context) {
    const once = compile(argument, context);
    return {
      ...once,
      captures(value, scope) {
        const all: (string | undefined)[] = [];
        for (let rest = value; rest !== '' && all.length < CAPTURE_LIMIT; ) {
          const found = once.captures!(rest, scope);
          if (found === undefined) break;
          all.push(...found);
          rest = after(rest, found[0] ?? '');
        }
        return all.slice(0, CAPTURE_LIMIT);
      },
    };
  },
};
