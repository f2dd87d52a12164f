/** Whom gzip is for: old clients, proxies on the way, and clients that do not take it. */
import { GZIP_PROXIED_CASES } from '#model/l7/compress.ts';
import type { Pattern } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';

const proxied = defineDirective({
  name: 'gzip_proxied',
  context: BLOCKS,
  args: { cases: arg.oneOf(GZIP_PROXIED_CASES).rest(1) },
  doc: {
    summary:
      'Which answers are compressed with gzip for requests that came by a proxy, that is with a Via: judged by their Expires, Cache-Control, Last-Modified and ETag, and by Authorization of the request.',
    default: 'gzip_proxied off;',
    example: 'gzip_proxied expired no-cache no-store private auth;',
    since: '0.1',
  },
  compile({ cases }, scope) {
    const twice = cases.find((word, at) => cases.indexOf(word) !== at);
    if (twice !== undefined) throw new ArgumentFault(`"${twice}" is given twice`);
    scope.set('gzip', { proxied: cases });
  },
});

const httpVersion = defineDirective({
  name: 'gzip_http_version',
  context: BLOCKS,
  args: { version: arg.oneOf(['1.0', '1.1']) },
  doc: {
    summary: 'The oldest version of HTTP whose clients get gzip.',
    default: 'gzip_http_version 1.1;',
    example: 'gzip_http_version 1.0;',
    since: '0.1',
  },
  compile({ version }, scope) {
    scope.set('gzip', { httpMinor: version === '1.0' ? 0 : 1 });
  },
});

/** nginx's word for Internet Explorer 4 to 6, but for its last service pack. */
const MSIE6: Pattern = { source: 'MSIE (?:[45]\\.|6\\.(?!.*SV1))', flags: '', names: [] };

const disable = defineDirective({
  name: 'gzip_disable',
  context: BLOCKS,
  repeats: true,
  args: { clients: arg.token('a regular expression or msie6').rest(1) },
  doc: {
    summary: 'Clients that get no gzip, by their User-Agent; `msie6` stands for Internet Explorer 4 to 6.',
    example: 'gzip_disable msie6;',
    since: '0.1',
  },
  compile({ clients }, scope) {
    for (const client of clients) scope.append('gzip', 'disable', clientPattern(client, scope));
  },
});

function clientPattern(token: Token, scope: Scope): Pattern {
  return token.text === 'msie6' ? MSIE6 : scope.pattern(token.text, true, token);
}

export const GZIP_ONLY: readonly Directive[] = [
  proxied,
  httpVersion,
  disable,
  defineSetting('gzip_vary', BLOCKS, 'gzip', 'vary', arg.flag(), {
    summary: 'Whether answers that are compressed for some clients say `Vary: Accept-Encoding`.',
    default: 'gzip_vary off;',
    example: 'gzip_vary on;',
  }),
  defineSetting('gunzip', BLOCKS, 'gzip', 'gunzip', arg.flag(), {
    summary:
      'Whether answers with `Content-Encoding: gzip` are decompressed for clients that do not take gzip.',
    default: 'gunzip off;',
    example: 'gunzip on;',
  }),
];
