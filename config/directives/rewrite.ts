/** Directives of the rewrite module: they run in the order in which they stand. */
import type { RewriteStep } from '#model/l7/rewrite.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { readCondition } from '../condition.ts';
import { newLocation } from '../draft.ts';
import type { Token } from '../lex.ts';
import { type Context, defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { newVariableName } from '../variable-name.ts';

const PROGRAM: Context[] = ['server', 'location', 'server-if', 'location-if'];

/** A text that starts like this is an address outside: it is answered with a redirect. */
const OUTSIDE = /^(?:https?:\/\/|\$scheme)/;

const returns = defineDirective({
  name: 'return',
  context: PROGRAM,
  repeats: true,
  args: { status: arg.token('a status or a URL'), text: arg.token('a text or a URL').optional() },
  doc: {
    summary:
      'Answers at once: with a redirect for 301, 302, 303, 307 and 308, otherwise with the text, or without one with the page of the status. 444 closes the connection.',
    example: 'return 301 https://$host$request_uri;',
    since: '0.1',
  },
  compile({ status, text }, scope) {
    const outside = !text && OUTSIDE.test(status.text);
    const code = outside ? 302 : /^\d+$/.test(status.text) ? Number(status.text) : 1000;
    if (code > 999)
      throw new ArgumentFault(`invalid return code "${status.text}"`, 'write a status or an absolute URL');
    const body = outside ? status : text;
    scope.location.rewrite.push({
      step: 'return',
      status: code,
      text: body && scope.template(body.text, body),
    });
  },
});

const rewrite = defineDirective({
  name: 'rewrite',
  context: PROGRAM,
  repeats: true,
  args: {
    regex: arg.token('a regular expression'),
    replacement: arg.token('a URI with captures and variables'),
    flag: arg.token('last, break, redirect or permanent').optional(),
  },
  doc: {
    summary:
      'Replaces the path that the pattern matches. A `?` at the end drops the old arguments; an absolute replacement is a redirect.',
    args: {
      regex: 'Matched against the decoded path.',
      replacement: 'The new path, arguments after `?`, or an absolute URL.',
      flag: '`last` looks for the location anew, `break` goes on in this one, `redirect` (302) and `permanent` (301) send the client there.',
    },
    example: 'rewrite ^/old/(.*)$ /new/$1 permanent;',
    since: '0.1',
  },
  compile({ regex, replacement, flag }, scope) {
    scope.location.rewrite.push(rewriteStep(regex, replacement, flag, scope));
  },
});

function rewriteStep(regex: Token, replacement: Token, word: Token | undefined, scope: Scope): RewriteStep {
  if (replacement.text === '') throw new ArgumentFault('empty replacement', undefined, replacement);
  const keepArgs = !replacement.text.endsWith('?');
  const text = keepArgs ? replacement.text : replacement.text.slice(0, -1);
  const rule = { pattern: scope.pattern(regex.text, false, regex), source: regex.text, keepArgs };
  const template = (part: string) => scope.template(part, replacement);
  const question = text.indexOf('?');
  const flag = word?.text;
  if (flag === 'redirect' || flag === 'permanent' || (isInside(flag) && OUTSIDE.test(text))) {
    const status = flag === 'permanent' ? 301 : 302;
    return { step: 'redirect', ...rule, status, target: template(text), hasArgs: question !== -1 };
  }
  if (!isInside(flag))
    throw new ArgumentFault(`invalid parameter "${flag}"`, 'take last, break, redirect or permanent', word);
  const path = template(question === -1 ? text : text.slice(0, question));
  const args = question === -1 ? undefined : template(text.slice(question + 1));
  return { step: 'rewrite', ...rule, path, args, flag };
}

function isInside(flag: string | undefined): flag is 'last' | 'break' | undefined {
  return flag === undefined || flag === 'last' || flag === 'break';
}

const set = defineDirective({
  name: 'set',
  context: PROGRAM,
  repeats: true,
  args: { variable: arg.token('$name'), value: arg.template() },
  doc: { summary: 'Gives a variable a value.', example: 'set $tenant $1;', since: '0.1' },
  compile({ variable, value }, scope) {
    const name = newVariableName(variable);
    scope.declare(name, true);
    scope.location.rewrite.push({ step: 'set', variable: name, value });
  },
});

const breaks = defineDirective({
  name: 'break',
  context: PROGRAM,
  repeats: true,
  args: {},
  doc: {
    summary: 'Ends the rewrite directives of this level; a path that they changed stays in this location.',
    example: 'break;',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.rewrite.push({ step: 'break' });
  },
});

const ifDoc = {
  summary:
    'Runs its rewrite directives when the condition holds; in a location its other settings take over too.',
  example: 'if ($request_method = POST) { return 405; }',
  since: '0.1',
};
const ifArgs = { condition: arg.token('a condition in parentheses').rest(1) };

const serverIf = defineBlock({
  name: 'if',
  context: ['server'],
  repeats: true,
  args: ifArgs,
  block: 'server-if',
  doc: ifDoc,
  compile({ condition }, scope, body, line) {
    const tested = readCondition(condition, scope);
    const draft = newLocation({ kind: 'none' }, 'if', line.name);
    body.open(scope.child('server-if', { location: draft }, draft.own));
    scope.location.rewrite.push({ step: 'if', condition: tested, steps: draft.rewrite, location: undefined });
  },
});

const locationIf = defineBlock({
  name: 'if',
  context: ['location'],
  repeats: true,
  args: ifArgs,
  block: 'location-if',
  doc: ifDoc,
  compile({ condition }, scope, body, line) {
    const tested = readCondition(condition, scope);
    const label = `if ${condition.map(token => token.text).join(' ')}`;
    const draft = newLocation({ kind: 'none' }, label, line.name);
    body.open(scope.child('location-if', { location: draft }, draft.own));
    const { rewrite, conditional } = scope.location;
    rewrite.push({ step: 'if', condition: tested, steps: draft.rewrite, location: conditional.length });
    conditional.push({ ...draft, rewrite: [] });
  },
});

const EVERYWHERE: Context[] = ['http', ...PROGRAM];

const rewriteLog = defineDirective({
  name: 'rewrite_log',
  context: EVERYWHERE,
  args: { on: arg.flag() },
  doc: {
    summary: 'Writes what the rewrite directives do to the error log, at level notice.',
    default: 'rewrite_log off;',
    example: 'rewrite_log on;',
    since: '0.1',
  },
  compile({ on }, scope) {
    scope.set('rewrite', { log: on });
  },
});

const uninitializedVariableWarn = defineDirective({
  name: 'uninitialized_variable_warn',
  context: EVERYWHERE,
  args: { on: arg.flag() },
  doc: {
    summary: 'Writes a warning when a variable is read that no set has given a value.',
    default: 'uninitialized_variable_warn on;',
    example: 'uninitialized_variable_warn off;',
    since: '0.1',
  },
  compile({ on }, scope) {
    scope.set('rewrite', { warnUnset: on });
  },
});

export const REWRITE = [
  returns,
  rewrite,
  set,
  breaks,
  serverIf,
  locationIf,
  rewriteLog,
  uninitializedVariableWarn,
];
