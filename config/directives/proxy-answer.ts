/** What becomes of a server's answer on its way to the client. */
import type { CookieFlags, CookieRule } from '#model/l7/proxy.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { defineSetting } from './setting.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

const header = (name: string, list: 'hideHeaders' | 'passHeaders', summary: string, example: string) =>
  defineDirective({
    name,
    context: EVERYWHERE,
    repeats: true,
    args: { header: arg.text('a header') },
    doc: { summary, example, since: '0.1' },
    compile(args, scope) {
      scope.append('proxy', list, args.header);
    },
  });

const IGNORABLE = [
  'X-Accel-Redirect',
  'X-Accel-Expires',
  'X-Accel-Limit-Rate',
  'X-Accel-Buffering',
  'X-Accel-Charset',
  'Expires',
  'Cache-Control',
  'Set-Cookie',
  'Vary',
];

const ignoreHeaders = defineDirective({
  name: 'proxy_ignore_headers',
  context: EVERYWHERE,
  args: { headers: arg.text('a header').rest(1) },
  doc: {
    summary: 'Headers of a server that moat does not obey.',
    example: 'proxy_ignore_headers X-Accel-Redirect;',
    since: '0.1',
  },
  compile({ headers }, scope) {
    for (const name of headers) {
      if (!IGNORABLE.some(known => known.toLowerCase() === name.toLowerCase())) {
        throw new ArgumentFault(
          `"${name}" is not a header that could be ignored`,
          `take ${IGNORABLE.join(', ')}`,
        );
      }
    }
    scope.set('proxy', { ignoreHeaders: headers });
  },
});

/** `~pattern` and `~*pattern` are regular expressions; both sides may hold variables otherwise. */
function rule(from: Token, to: Token, scope: Scope): CookieRule {
  const regex = /^~(\*?)(.+)$/s.exec(from.text);
  const replacement = scope.template(to.text, to);
  if (!regex) return { kind: 'text', from: scope.template(from.text, from), to: replacement };
  return { kind: 'regex', pattern: scope.pattern(regex[2]!, regex[1] === '*', from), to: replacement };
}

const redirect = defineDirective({
  name: 'proxy_redirect',
  context: EVERYWHERE,
  repeats: true,
  args: { from: arg.token('a text, ~pattern, default or off'), to: arg.token('a text').optional() },
  doc: {
    summary: 'Rewrites Location and Refresh of answers, so that redirects lead through moat again.',
    default: 'proxy_redirect default;',
    example: 'proxy_redirect http://backend/ /;',
    since: '0.1',
  },
  compile({ from, to }, scope) {
    if (!to && from.text === 'off') return scope.set('proxy', { redirects: 'off' });
    if (!to && from.text === 'default') return scope.append('proxy', 'redirects', { kind: 'default' });
    if (!to)
      throw new ArgumentFault(
        `"${from.text}" needs what replaces it`,
        'write: proxy_redirect FROM TO; or default, or off',
      );
    const made = rule(from, to, scope);
    scope.append('proxy', 'redirects', made.kind === 'text' ? { ...made, kind: 'prefix' } : made);
  },
});

const cookie = (name: string, list: 'cookieDomains' | 'cookiePaths', summary: string, example: string) =>
  defineDirective({
    name,
    context: EVERYWHERE,
    repeats: true,
    args: { from: arg.token('a text, ~pattern or off'), to: arg.token('a text').optional() },
    doc: { summary, default: `${name} off;`, example, since: '0.1' },
    compile({ from, to }, scope) {
      if (!to && from.text === 'off') return scope.set('proxy', { [list]: 'off' });
      if (!to)
        throw new ArgumentFault(`"${from.text}" needs what replaces it`, `write: ${name} FROM TO; or off`);
      scope.append('proxy', list, rule(from, to, scope));
    },
  });

const FLAG = /^(no)?(secure|httponly|samesite|partitioned)$|^samesite=(strict|lax|none)$/;

const cookieFlags = defineDirective({
  name: 'proxy_cookie_flags',
  context: EVERYWHERE,
  repeats: true,
  args: { cookie: arg.token('a name, ~pattern or off'), flags: arg.text('flags').rest(0) },
  doc: {
    summary: 'Sets or takes away flags of cookies that servers send.',
    default: 'proxy_cookie_flags off;',
    example: 'proxy_cookie_flags session secure httponly samesite=lax;',
    since: '0.1',
  },
  compile({ cookie: which, flags }, scope) {
    if (which.text === 'off' && flags.length === 0) return scope.set('proxy', { cookieFlags: 'off' });
    const wrong = flags.find(flag => !FLAG.test(flag.toLowerCase()) || flag.toLowerCase() === 'samesite');
    if (wrong !== undefined)
      throw new ArgumentFault(
        `invalid flag "${wrong}"`,
        'take secure, httponly, samesite=strict|lax|none, or no before one',
      );
    const regex = /^~(.+)$/s.exec(which.text);
    const cookie: CookieFlags['cookie'] = regex
      ? { kind: 'regex', pattern: scope.pattern(regex[1]!.replace(/^\*/, ''), true, which) }
      : { kind: 'text', name: scope.template(which.text, which) };
    scope.append('proxy', 'cookieFlags', { cookie, flags: flags.map(flag => flag.toLowerCase()) });
  },
});

export const PROXY_ANSWER: readonly Directive[] = [
  header(
    'proxy_hide_header',
    'hideHeaders',
    'A header of servers that clients do not see.',
    'proxy_hide_header X-Powered-By;',
  ),
  header(
    'proxy_pass_header',
    'passHeaders',
    'A header that clients see although it is hidden otherwise.',
    'proxy_pass_header Server;',
  ),
  ignoreHeaders,
  redirect,
  cookie(
    'proxy_cookie_domain',
    'cookieDomains',
    'Rewrites the domain of cookies.',
    'proxy_cookie_domain backend.local example.org;',
  ),
  cookie('proxy_cookie_path', 'cookiePaths', 'Rewrites the path of cookies.', 'proxy_cookie_path /app/ /;'),
  cookieFlags,
  defineSetting('proxy_intercept_errors', EVERYWHERE, 'proxy', 'interceptErrors', arg.flag(), {
    summary: 'Whether answers with 300 and above are answered by error_page.',
    default: 'proxy_intercept_errors off;',
    example: 'proxy_intercept_errors on;',
  }),
  defineSetting('proxy_force_ranges', EVERYWHERE, 'proxy', 'forceRanges', arg.flag(), {
    summary: 'Whether one byte range may be cut out of an answer whose server sends the whole.',
    default: 'proxy_force_ranges off;',
    example: 'proxy_force_ranges on;',
  }),
  defineSetting('proxy_pass_trailers', EVERYWHERE, 'proxy', 'passTrailers', arg.flag(), {
    summary: 'Whether trailer fields of a chunked answer go on.',
    default: 'proxy_pass_trailers off;',
    example: 'proxy_pass_trailers on;',
  }),
];
