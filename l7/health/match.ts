/** Holds the answer to a health check against a `match` block. */
import { regexOf } from '#kit/pcre.ts';
import type { MatchModel, MatchTest } from '#model/l7/health.ts';
import type { Pattern } from '#model/template.ts';
import type { AnswerVariables, CheckAnswer } from './answer.ts';

/** Says what is wrong with an answer; undefined when nothing is. */
export type AnswerTest = (answer: CheckAnswer) => string | undefined;

/** @param model undefined: a status of 2xx or 3xx is good */
export function compileMatch(model: MatchModel | undefined, variables: AnswerVariables): AnswerTest {
  if (!model) return ({ status }) => (status >= 200 && status < 400 ? undefined : `status ${status}`);
  const tests = model.tests.map(test => COMPILE[test.test](test as never, variables));
  return answer => {
    for (const test of tests) {
      const wrong = test(answer);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Whether a test looks at the body. */
export const needsBody = (model: MatchModel | undefined): boolean =>
  model?.tests.some(({ test }) => test === 'body' || test === 'require') ?? false;

type Compilers = {
  readonly [K in MatchTest['test']]: (
    test: Extract<MatchTest, { test: K }>,
    variables: AnswerVariables,
  ) => AnswerTest;
};

const COMPILE: Compilers = {
  status:
    ({ ranges, negated }) =>
    ({ status }) =>
      ranges.some(([from, to]) => status >= from && status <= to) === negated
        ? `status ${status}`
        : undefined,
  header:
    ({ name, present }) =>
    ({ headers }) =>
      (headers[name] !== undefined) === present
        ? undefined
        : `header ${name} is ${present ? 'missing' : 'there'}`,
  'header-value': ({ name, value, negated }) => {
    const fits = fitter(value);
    // A header that is not there has no value: neither form holds, as in nginx.
    return ({ headers }) => {
      const found = headers[name];
      if (found === undefined) return `header ${name} is missing`;
      return fits(found) === negated ? `header ${name} is "${found}"` : undefined;
    };
  },
  body: ({ pattern, negated }) => {
    const regex = regexOf(pattern);
    return ({ body }) =>
      regex.test(body) === negated
        ? `body ${negated ? 'matches' : 'does not match'} ${pattern.source}`
        : undefined;
  },
  require:
    ({ values }, variables) =>
    answer => {
      const at = values.findIndex(value => ['', '0'].includes(variables.text(value, answer)));
      return at === -1 ? undefined : `required variable ${at + 1} is empty or 0`;
    },
};

function fitter(value: string | Pattern): (text: string) => boolean {
  if (typeof value === 'string') return text => text === value;
  const regex = regexOf(value);
  return text => regex.test(text);
}
