/** `waf_csrf`: requests that change something and that other sites had browsers send. */
import { WAF_MODES } from '#model/l7/waf.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

export const wafCsrf = defineDirective({
  name: 'waf_csrf',
  context: BLOCKS,
  args: {
    mode: arg.oneOf(WAF_MODES),
    trusted: arg.text('an origin, as in https://app.example').rest(0),
    cookie: arg.text('a name').param(),
  },
  doc: {
    summary:
      'Whether requests that may change something (all methods but GET, HEAD, OPTIONS and TRACE, and WebSockets) are refused when a page of another site had the browser send them: by Sec-Fetch-Site, and for browsers without it by Origin, which has to name the host that is asked. It works without `waf`. What is no browser sends neither, and passes.',
    args: {
      mode: '`block` answers 403, `detect` only writes it down.',
      trusted: 'Other origins whose pages may send such requests.',
      cookie:
        'Gives browsers a signed cookie with SameSite=Strict, and refuses requests that have cookies, but neither this one nor a word about where they come from: for browsers of before 2020.',
    },
    default: 'waf_csrf off;',
    example: 'waf_csrf block https://app.example cookie=same_site;',
    since: '0.1',
  },
  compile({ mode, trusted, cookie }, scope) {
    if (cookie !== undefined && !/^[\w-]{1,64}$/.test(cookie))
      throw new ArgumentFault(`"${cookie}" cannot be the name of a cookie`);
    scope.set('waf', { csrf: { mode, cookie: cookie?.toLowerCase(), trusted: trusted.map(originOf) } });
  },
});

function originOf(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (!/^https?:/.test(origin) || origin !== text.toLowerCase().replace(/\/$/, ''))
    throw new ArgumentFault(`"${text}" is no origin`, 'write scheme and host, as in https://app.example');
  return origin;
}
