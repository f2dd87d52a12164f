/** Directives of the proxy module: where a request goes on to, and how. */
import { PROXY_DEFAULTS, type ProxyTarget } from '#model/l7/proxy.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Site } from '../lex.ts';
import { type Context, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { memberAddress } from './upstream.ts';

const EVERYWHERE: Context[] = ['http', 'server', 'location'];

const proxyPass = defineDirective({
  name: 'proxy_pass',
  context: ['location', 'location-if', 'limit_except'],
  args: { url: arg.token('a URL') },
  doc: {
    summary:
      'Sends requests on to a server or a pool. A URI after the address replaces the part that the location matched.',
    example: 'proxy_pass http://backend/api/;',
    since: '0.1',
  },
  compile({ url }, scope) {
    const { location } = scope;
    const target = proxyTarget(url.text, url, scope);
    const plain = 'uri' in location.match && location.match.kind !== 'exact';
    if (target.uri !== undefined && !plain && location.match.kind !== 'exact') {
      throw new ArgumentFault(
        '"proxy_pass" cannot have a URI part in a location given by a regular expression, in a named location, in "if" or in "limit_except"',
        'drop the path after the address, or use rewrite ... break',
      );
    }
    location.content = { kind: 'proxy', target };
    if (plain && 'uri' in location.match && location.match.uri.endsWith('/')) location.autoRedirect = true;
  },
});

/** Splits a URL of proxy_pass. @throws {ArgumentFault} when it is none */
export function proxyTarget(text: string, site: Site, scope: Scope): ProxyTarget {
  const url = scope.template(text, site);
  const match = /^(https?):\/\/(unix:[^:]+(?::|$)|[^/?#]*)(.*)$/s.exec(text);
  if (typeof url !== 'string') {
    const authority = match?.[2] ? scope.template(match[2].replace(/^(unix:[^:]+):$/, '$1'), site) : url;
    return {
      scheme: match?.[1] === 'https' ? 'https' : 'http',
      authority,
      dynamic: true,
      url,
      uri: undefined,
    };
  }
  if (!match) throw new ArgumentFault(`"${text}" has no URL prefix`, 'start it with http:// or https://');
  const scheme = match[1] as 'http' | 'https';
  const authority = match[2]!.replace(/^(unix:[^:]+):$/, '$1');
  if (!authority) throw new ArgumentFault(`"${text}" names no host`);
  memberAddress(authority, scheme === 'https' ? 443 : 80);
  return { scheme, authority, dynamic: false, url, uri: match[3] || undefined };
}

const setHeader = defineDirective({
  name: 'proxy_set_header',
  context: EVERYWHERE,
  repeats: true,
  args: { name: arg.text('a header'), value: arg.template() },
  doc: {
    summary:
      'A header of the request that goes on; an empty value drops it. One line in a block replaces all lines around it.',
    default: 'proxy_set_header Host $proxy_host;',
    example: 'proxy_set_header X-Real-IP $remote_addr;',
    since: '0.1',
  },
  compile({ name, value }, scope) {
    scope.append('proxy', 'setHeaders', { name, value });
  },
});

const httpVersion = defineDirective({
  name: 'proxy_http_version',
  context: EVERYWHERE,
  args: { version: arg.oneOf(['1.0', '1.1']) },
  doc: {
    summary: 'The HTTP version spoken with the servers.',
    default: `proxy_http_version ${PROXY_DEFAULTS.httpVersion};`,
    example: 'proxy_http_version 1.0;',
    since: '0.1',
  },
  compile({ version }, scope) {
    scope.set('proxy', { httpVersion: version });
  },
});

export const PROXY = [proxyPass, setHeader, httpVersion];
