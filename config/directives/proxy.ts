/** proxy_pass, and what the request that goes on consists of. */
import { readEndpoint } from '#kit/endpoint.ts';
import { PROXY_PROTOCOLS, type ProxyTarget } from '#model/l7/proxy.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Site } from '../lex.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { PROXY_ANSWER } from './proxy-answer.ts';
import { PROXY_FLOW } from './proxy-flow.ts';
import { PROXY_SSL } from './proxy-ssl.ts';
import { defineSetting } from './setting.ts';
import { memberAddress } from './upstream-member.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

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
    if (target.uri !== undefined && !('uri' in location.match)) {
      throw new ArgumentFault(
        '"proxy_pass" cannot have a URI part in a location given by a regular expression, in a named location, in "if" or in "limit_except"',
        'drop the path after the address, or use rewrite ... break',
      );
    }
    location.content = { kind: 'proxy', target };
    location.autoRedirect = 'uri' in location.match && location.match.uri.endsWith('/');
  },
});

/** Splits a URL of proxy_pass. @throws {ArgumentFault} when it is none */
function proxyTarget(text: string, site: Site, scope: Scope): ProxyTarget {
  const url = scope.template(text, site);
  const match = /^(https?):\/\/(unix:[^:]+(?::|$)|[^/?#]*)(.*)$/is.exec(text);
  if (typeof url !== 'string') {
    const scheme = match?.[1]?.toLowerCase() === 'https' ? 'https' : 'http';
    return { scheme, authority: url, dynamic: true, url, uri: undefined, replaces: '' };
  }
  if (!match) throw new ArgumentFault(`"${text}" has no URL prefix`, 'start it with http:// or https://');
  const scheme = match[1]!.toLowerCase() === 'https' ? 'https' : 'http';
  const authority = match[2]!.replace(/^(unix:[^:]+):$/, '$1');
  if (!authority) throw new ArgumentFault(`"${text}" names no host`);
  memberAddress(authority, scheme === 'https' ? 443 : 80);
  scope.http.proxied.push({ authority, site });
  const path = match[3]!;
  return {
    scheme,
    authority,
    dynamic: false,
    url,
    uri: path === '' ? undefined : path.startsWith('/') ? path : `/${path}`,
    replaces: 'uri' in scope.location.match ? scope.location.match.uri : '',
  };
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
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw new ArgumentFault(`"${name}" is not the name of a header`);
    scope.append('proxy', 'setHeaders', { name, value });
  },
});

/** `address [transparent]`, or off. */
const bind = defineDirective({
  name: 'proxy_bind',
  context: EVERYWHERE,
  args: { address: arg.token('an address or off'), transparent: arg.word() },
  doc: {
    summary:
      'The local address that connections to servers come from, with a port or without. Where variables make it empty, nothing is bound.',
    args: {
      address: 'An IP address of this machine, `ADDRESS:PORT`, or off.',
      transparent:
        "The address need not be this machine's, such as that of the client; routing has to lead the server's packets back.",
    },
    example: 'proxy_bind $remote_addr transparent;',
    since: '0.1',
  },
  compile({ address, transparent }, scope) {
    if (address.text === 'off') return scope.set('proxy', { bind: undefined });
    if (!address.text.includes('$') && !readEndpoint(address.text))
      throw new ArgumentFault(`invalid address "${address.text}"`, 'write an IP address of this machine');
    if (transparent) scope.around.main.process.capabilities = ['net_raw'];
    scope.set('proxy', {
      bind: { address: scope.template(address.text, address), transparent: transparent ?? false },
    });
  },
});

/** As in nginx's stream module `on` is version 1. */
const proxyProtocol = defineDirective({
  name: 'proxy_protocol',
  context: EVERYWHERE,
  args: { version: arg.oneOf(['on', ...PROXY_PROTOCOLS]) },
  doc: {
    summary:
      "Connections to servers begin with a PROXY protocol header that names the client and the address it came to. Such a connection serves that client's connection only.",
    args: { version: 'v1 is a line of text, on is the same; v2 is binary.' },
    default: 'proxy_protocol off;',
    example: 'proxy_protocol v2;',
    differs: 'nginx has it in stream only.',
    since: '0.1',
  },
  compile({ version }, scope) {
    scope.set('proxy', { proxyProtocol: version === 'on' ? 'v1' : version });
  },
});

const socketBytes = (name: string, field: 'socketReceiveBytes' | 'socketSendBytes', summary: string) =>
  defineSetting(name, EVERYWHERE, 'proxy', field, arg.size(), {
    summary: `${summary} 0 leaves it to the kernel.`,
    default: `${name} 0;`,
    example: `${name} 256k;`,
  });

const REQUEST: readonly Directive[] = [
  proxyPass,
  setHeader,
  bind,
  proxyProtocol,
  socketBytes('proxy_socket_rcvbuf', 'socketReceiveBytes', 'The receive buffer of connections to servers.'),
  socketBytes('proxy_socket_sndbuf', 'socketSendBytes', 'The send buffer of connections to servers.'),
  defineSetting('proxy_http_version', EVERYWHERE, 'proxy', 'httpVersion', arg.oneOf(['1.0', '1.1', '2']), {
    summary:
      'The HTTP version spoken with the servers; 2 by ALPN over TLS, and without asking over plain TCP. Tunnels (WebSocket) go by 1.1 all the same.',
    default: 'proxy_http_version 1.1;',
    example: 'proxy_http_version 2;',
  }),
  defineSetting('proxy_method', EVERYWHERE, 'proxy', 'method', arg.template(), {
    summary: "The method of the request that goes on, in place of the client's.",
    example: 'proxy_method POST;',
  }),
  defineSetting('proxy_set_body', EVERYWHERE, 'proxy', 'setBody', arg.template(), {
    summary: "The body of the request that goes on, in place of the client's.",
    example: 'proxy_set_body $request_uri;',
  }),
  defineSetting('proxy_pass_request_headers', EVERYWHERE, 'proxy', 'passRequestHeaders', arg.flag(), {
    summary: "Whether the client's headers go on.",
    default: 'proxy_pass_request_headers on;',
    example: 'proxy_pass_request_headers off;',
  }),
  defineSetting('proxy_pass_request_body', EVERYWHERE, 'proxy', 'passRequestBody', arg.flag(), {
    summary: "Whether the client's body goes on.",
    default: 'proxy_pass_request_body on;',
    example: 'proxy_pass_request_body off;',
  }),
  defineSetting('proxy_request_buffering', EVERYWHERE, 'proxy', 'requestBuffering', arg.flag(), {
    summary: 'Whether the whole body is read before a server is bothered with it.',
    default: 'proxy_request_buffering on;',
    example: 'proxy_request_buffering off;',
  }),
  defineSetting('proxy_socket_keepalive', EVERYWHERE, 'proxy', 'socketKeepalive', arg.flag(), {
    summary: 'Whether TCP keep-alive probes are sent on connections to servers.',
    default: 'proxy_socket_keepalive off;',
    example: 'proxy_socket_keepalive on;',
  }),
];

export const PROXY: readonly Directive[] = [...REQUEST, ...PROXY_FLOW, ...PROXY_ANSWER, ...PROXY_SSL];
