/** `userid`: the cookie that tells clients apart. */
import { parseDurationMs } from '#kit/units.ts';
import { USER_ID_FLAGS, type UserIdFlag, type UserIdSettings } from '#model/l7/user-id.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

const userid = defineSetting('userid', BLOCKS, 'userId', 'mode', arg.oneOf(['off', 'log', 'v1', 'on']), {
  summary:
    'Whether clients get a cookie that tells them apart: `on`, `v1` (in the first form), `log` (cookies are read for `$uid_got`, and none is set).',
  default: 'userid off;',
  example: 'userid on;',
});

const MOST_SERVICE = 0xffff_ffff;

const expires = defineDirective({
  name: 'userid_expires',
  context: BLOCKS,
  args: { time: arg.text('a time, max or off') },
  doc: {
    summary: 'How long the browser keeps the cookie: `off` until it is closed, `max` until 2037.',
    default: 'userid_expires off;',
    example: 'userid_expires 365d;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.set('userId', { expires: lifetime(time) });
  },
});

function lifetime(text: string): UserIdSettings['expires'] {
  if (text === 'off' || text === 'max') return text;
  const afterMs = parseDurationMs(text);
  if (afterMs === undefined) throw new ArgumentFault(`"${text}" is not a time`, 'write a time, max or off');
  return { afterMs };
}

const mark = defineDirective({
  name: 'userid_mark',
  context: BLOCKS,
  args: { mark: arg.text('a letter, a digit, = or off') },
  doc: {
    summary:
      'A character that marks the cookie: one that bears another is sent again, with the same identifier.',
    default: 'userid_mark off;',
    example: 'userid_mark z;',
    since: '0.1',
  },
  compile({ mark: text }, scope) {
    if (text !== 'off' && !/^[A-Za-z0-9=]$/.test(text))
      throw new ArgumentFault(`"${text}" is no mark`, 'write off, or a single letter, digit or "="');
    scope.set('userId', { mark: text === 'off' ? undefined : text });
  },
});

const flags = defineDirective({
  name: 'userid_flags',
  context: BLOCKS,
  args: { flags: arg.token('off, or flags').rest(1) },
  doc: {
    summary:
      'What else the cookie says: `secure`, `httponly`, `samesite=strict`, `samesite=lax`, `samesite=none`.',
    default: 'userid_flags off;',
    example: 'userid_flags secure httponly samesite=lax;',
    since: '0.1',
  },
  compile({ flags: words }, scope) {
    const alone = words.length === 1 && words[0]!.text === 'off';
    const list = alone
      ? []
      : words.map(word => {
          const flag = USER_ID_FLAGS.find(known => known === word.text);
          if (flag) return flag;
          const hint = word.text === 'off' ? '"off" stands alone' : `take ${USER_ID_FLAGS.join(', ')}`;
          throw new ArgumentFault(`invalid parameter "${word.text}"`, hint, word);
        });
    scope.set('userId', { flags: list satisfies readonly UserIdFlag[] });
  },
});

/** A text that may be absent. */
const optional = (name: string, field: 'domain' | 'p3p', says: string, summary: string, example: string) =>
  defineDirective({
    name,
    context: BLOCKS,
    args: { value: arg.text(`${says} or none`) },
    doc: { summary, default: `${name} none;`, example: `${name} ${example};`, since: '0.1' },
    compile({ value }, scope) {
      scope.set('userId', { [field]: value === 'none' ? undefined : value });
    },
  });

export const USER_ID: readonly Directive[] = [
  userid,
  expires,
  mark,
  flags,
  optional('userid_domain', 'domain', 'a domain', 'The domain that the cookie is for.', 'example.org'),
  optional(
    'userid_p3p',
    'p3p',
    'a text',
    'The field P3P that goes with the cookie.',
    `'policyref="/w3c/p3p.xml"'`,
  ),
  defineSetting('userid_name', BLOCKS, 'userId', 'name', arg.text('a name'), {
    summary: 'The name of the cookie.',
    default: 'userid_name uid;',
    example: 'userid_name visitor;',
  }),
  defineSetting('userid_path', BLOCKS, 'userId', 'path', arg.text('a path'), {
    summary: 'The path that the cookie is for.',
    default: 'userid_path /;',
    example: 'userid_path /shop;',
  }),
  defineSetting('userid_service', BLOCKS, 'userId', 'service', arg.integer({ max: MOST_SERVICE }), {
    summary:
      'The number of this server, where several give out identifiers: it begins each of them. By default the address that the request came to does, and 0 in the first form.',
    example: 'userid_service 7;',
  }),
];
