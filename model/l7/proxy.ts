/** Settings of the proxy module. */
import type { Pattern, Template } from '../template.ts';

/** Where `proxy_pass` goes. */
export interface ProxyTarget {
  readonly scheme: 'http' | 'https';
  /** Host and port as written (`backend`, `10.0.0.1:81`, `unix:/run/app.sock`), or a template when variables are in it. */
  readonly authority: Template;
  /** True when a variable stands anywhere in the URL: then the whole URL is evaluated for each request. */
  readonly dynamic: boolean;
  /** The whole URL, for dynamic targets. */
  readonly url: Template;
  /** The URI part that replaces the matched prefix; undefined passes the request's own URI on. */
  readonly uri: string | undefined;
  /** The matched prefix that `uri` replaces; it is the location's, also in its `if` and `limit_except`. */
  readonly replaces: string;
  /** The request's own URI is passed on by whatever way it came here: in a subrequest that of the client. */
  readonly asSent?: boolean;
}

/** The PROXY protocol header that connections to servers begin with. */
export const PROXY_PROTOCOLS = ['off', 'v1', 'v2'] as const;
export type ProxyProtocol = (typeof PROXY_PROTOCOLS)[number];

export const NEXT_UPSTREAM_CASES = [
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
  'updating',
  'denied',
  'off',
] as const;
export type NextUpstreamCase = (typeof NEXT_UPSTREAM_CASES)[number];

/** `proxy_redirect`: one rewriting of Location and Refresh. */
export type RedirectRule =
  | { readonly kind: 'default' }
  | { readonly kind: 'prefix'; readonly from: Template; readonly to: Template }
  | { readonly kind: 'regex'; readonly pattern: Pattern; readonly to: Template };

/** `proxy_cookie_domain` and `proxy_cookie_path`: one rewriting of an attribute of Set-Cookie. */
export type CookieRule =
  | { readonly kind: 'text'; readonly from: Template; readonly to: Template }
  | { readonly kind: 'regex'; readonly pattern: Pattern; readonly to: Template };

export interface CookieFlags {
  readonly cookie:
    | { readonly kind: 'text'; readonly name: Template }
    | { readonly kind: 'regex'; readonly pattern: Pattern };
  readonly flags: readonly string[];
}

export interface HeaderTemplate {
  readonly name: string;
  readonly value: Template;
  /** Beside those that the client sent, and not in their place. */
  readonly adds?: boolean;
}

export interface ProxySettings {
  readonly httpVersion: '1.0' | '1.1' | '2';
  readonly method: Template | undefined;
  readonly setHeaders: readonly HeaderTemplate[];
  readonly setBody: Template | undefined;
  readonly passRequestHeaders: boolean;
  readonly passRequestBody: boolean;
  readonly requestBuffering: boolean;
  readonly buffering: boolean;
  readonly bufferBytes: number;
  readonly buffersBytes: number;
  readonly busyBuffersBytes: number;
  readonly maxTempFileBytes: number;
  readonly tempFileWriteBytes: number;
  readonly tempPath: string;
  readonly connectTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly hideHeaders: readonly string[];
  readonly passHeaders: readonly string[];
  readonly ignoreHeaders: readonly string[];
  readonly passTrailers: boolean;
  readonly interceptErrors: boolean;
  readonly forceRanges: boolean;
  readonly ignoreClientAbort: boolean;
  readonly allowUpstream: readonly Template[];
  /** 'off', or rules tried in order. */
  readonly redirects: 'off' | readonly RedirectRule[];
  readonly cookieDomains: 'off' | readonly CookieRule[];
  readonly cookiePaths: 'off' | readonly CookieRule[];
  readonly cookieFlags: 'off' | readonly CookieFlags[];
  readonly nextUpstream: readonly NextUpstreamCase[];
  readonly nextUpstreamTries: number;
  readonly nextUpstreamTimeoutMs: number;
  readonly bind: { readonly address: Template; readonly transparent: boolean } | undefined;
  readonly socketKeepalive: boolean;
  /** SO_RCVBUF and SO_SNDBUF; 0 leaves the kernel's. */
  readonly socketReceiveBytes: number;
  readonly socketSendBytes: number;
  readonly proxyProtocol: ProxyProtocol;
  readonly limitRateBytesPerS: number | Template;
}

export const PROXY_DEFAULTS: ProxySettings = {
  httpVersion: '1.1',
  method: undefined,
  setHeaders: [],
  setBody: undefined,
  passRequestHeaders: true,
  passRequestBody: true,
  requestBuffering: true,
  buffering: true,
  bufferBytes: 4096,
  buffersBytes: 8 * 4096,
  busyBuffersBytes: 8192,
  maxTempFileBytes: 1024 ** 3,
  tempFileWriteBytes: 65_536,
  tempPath: 'proxy_temp',
  connectTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  readTimeoutMs: 60_000,
  hideHeaders: [],
  passHeaders: [],
  ignoreHeaders: [],
  passTrailers: false,
  interceptErrors: false,
  forceRanges: false,
  ignoreClientAbort: false,
  allowUpstream: [],
  redirects: [{ kind: 'default' }],
  cookieDomains: 'off',
  cookiePaths: 'off',
  cookieFlags: 'off',
  nextUpstream: ['error', 'timeout'],
  nextUpstreamTries: 0,
  nextUpstreamTimeoutMs: 0,
  bind: undefined,
  socketKeepalive: false,
  socketReceiveBytes: 0,
  socketSendBytes: 0,
  proxyProtocol: 'off',
  limitRateBytesPerS: 0,
};
