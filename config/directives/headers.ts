/** Directives of the headers module: what is added to answers. */
import { parseExpires } from '#model/l7/headers.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type Directive, defineDirective } from '../registry.ts';
import { BLOCKS_AND_IF } from './core-field.ts';

const INHERIT = ['on', 'off', 'merge'] as const;

const addHeader = defineDirective({
  name: 'add_header',
  context: BLOCKS_AND_IF,
  repeats: true,
  args: { name: arg.text('a header'), value: arg.template(), always: arg.oneOf(['always']).optional() },
  doc: {
    summary:
      'Adds a header to answers of status 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308, or to all (`always`). One line in a block replaces all lines around it.',
    example: 'add_header Strict-Transport-Security "max-age=31536000" always;',
    since: '0.1',
  },
  compile({ name, value, always }, scope) {
    refuseName(name);
    scope.append('headers', 'added', { name, value, always: always !== undefined });
  },
});

const addTrailer = defineDirective({
  name: 'add_trailer',
  context: BLOCKS_AND_IF,
  repeats: true,
  args: { name: arg.text('a field'), value: arg.template(), always: arg.oneOf(['always']).optional() },
  doc: {
    summary:
      'Adds a field after the body of answers, which are then sent in chunks; the statuses are those of `add_header`.',
    example: 'add_trailer X-Time $request_time;',
    since: '0.1',
  },
  compile({ name, value, always }, scope) {
    refuseName(name);
    scope.append('headers', 'trailers', { name, value, always: always !== undefined });
  },
});

/** RFC 9110 §5.6.2: such a line would break the answer. */
function refuseName(name: string): void {
  if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) throw new ArgumentFault(`"${name}" is not the name of a header`);
}

const inherit = (
  name: string,
  field: 'addedInherit' | 'trailersInherit',
  of: 'add_header' | 'add_trailer',
): Directive =>
  defineDirective({
    name,
    context: BLOCKS_AND_IF,
    args: { mode: arg.oneOf(INHERIT) },
    doc: {
      summary: `What becomes of the \`${of}\` lines around a block: they hold where it has none of its own (\`on\`), never (\`off\`), or always, after its own (\`merge\`).`,
      default: `${name} on;`,
      example: `${name} merge;`,
      since: '0.1',
    },
    compile({ mode }, scope) {
      scope.set('headers', { [field]: mode });
    },
  });

const expires = defineDirective({
  name: 'expires',
  context: BLOCKS_AND_IF,
  args: { first: arg.token('modified, a time, epoch, max or off'), time: arg.token('a time').optional() },
  doc: {
    summary:
      'Sets Expires and Cache-Control: a time from now (or, with `modified`, from the time of the file), below zero `no-cache`, `@` and a time of day, `epoch` (in the past), `max` (in ten years) or `off`.',
    default: 'expires off;',
    example: 'expires modified +24h;',
    since: '0.1',
  },
  compile({ first, time }, scope) {
    if (time && first.text !== 'modified') throw new ArgumentFault(`"${first.text}" is not "modified"`);
    const from = time ? 'modified' : 'access';
    const token = time ?? first;
    const value = scope.template(token.text, token);
    if (typeof value !== 'string')
      return scope.set('headers', { expires: { kind: 'variable', value, from } });
    const fixed = parseExpires(value, from);
    if (!fixed)
      throw new ArgumentFault(
        `"${value}" is not a time that "expires" knows`,
        'write 30d, -1, @15h30m, epoch, max or off',
        token,
      );
    scope.set('headers', { expires: fixed });
  },
});

export const HEADERS = [
  addHeader,
  inherit('add_header_inherit', 'addedInherit', 'add_header'),
  addTrailer,
  inherit('add_trailer_inherit', 'trailersInherit', 'add_trailer'),
  expires,
];
