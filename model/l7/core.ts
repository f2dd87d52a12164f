/** Settings of nginx's http core module that a location inherits. */
import type { Template } from '../template.ts';

export interface ErrorPage {
  readonly statuses: readonly number[];
  /** The status to answer with: kept (undefined), fixed, or 'target' for `=` alone (that of the page's own answer). */
  readonly answer: number | 'target' | undefined;
  /** A URI, an absolute URL or a `@name`. */
  readonly target: Template;
}

export interface KeepaliveTimeout {
  readonly idleMs: number;
  /** Sent as `Keep-Alive: timeout=`; 0 and undefined send none, and undefined takes over what is around the block. */
  readonly headerS: number | undefined;
}

/** `alias`: a path in place of the part of the URI that the location matched. */
export interface Alias {
  readonly path: Template;
  /** How many bytes of the URI it replaces; undefined: the whole of it (a location given by a regular expression). */
  readonly prefixBytes: number | undefined;
}

/** What `try_files` ends with: a status, or a URI or `@name` to go on at. */
export type TryLast = { readonly status: number } | { readonly target: Template };

/** `try_files`: it is not inherited, so it is a part of the location and not of its settings. */
export interface TryFiles {
  readonly files: readonly { readonly path: Template; readonly directory: boolean }[];
  readonly last: TryLast;
}

/** Which symbolic links end in 403, and the leading part of the path that is not looked at. */
export interface DisableSymlinks {
  readonly refuse: 'none' | 'all' | 'other-owner';
  readonly from: Template | undefined;
}

export interface CoreSettings {
  /** Where a relative path that a variable gives starts; ends with `/`. */
  readonly prefix: string;
  /** Absolute, without a slash at the end, unless it starts with a variable. */
  readonly root: Template;
  /** Stands in place of `root`. */
  readonly alias: Alias | undefined;
  readonly index: readonly Template[];
  /** Extension, lower case → media type; shared by all that inherit it. */
  readonly types: Readonly<Record<string, string>>;
  readonly defaultType: string;
  readonly errorPages: readonly ErrorPage[];
  readonly recursiveErrorPages: boolean;
  readonly satisfy: 'all' | 'any';
  readonly clientMaxBodyBytes: number;
  readonly clientBodyBufferBytes: number;
  readonly clientBodyTimeoutMs: number;
  readonly clientBodyInFileOnly: 'off' | 'on' | 'clean';
  readonly clientBodyTempPath: string;
  readonly keepaliveTimeout: KeepaliveTimeout;
  /** One that is neither empty nor `0` lets 103 pass. */
  readonly earlyHints: readonly Template[];
  readonly keepaliveRequests: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveMinTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly lingeringClose: 'off' | 'on' | 'always';
  readonly lingeringTimeMs: number;
  readonly lingeringTimeoutMs: number;
  readonly resetTimedoutConnection: boolean;
  readonly etag: boolean;
  readonly ifModifiedSince: 'off' | 'exact' | 'before';
  /** Undefined: no limit; 0: ranges are off. */
  readonly maxRanges: number | undefined;
  /** Name and version, name, the same as `on`, or a text of the operator's own. */
  readonly serverTokens: 'on' | 'off' | 'build' | { readonly text: Template };
  readonly absoluteRedirect: boolean;
  readonly serverNameInRedirect: boolean;
  readonly portInRedirect: boolean;
  /** A number of bytes, or a text that is read as a size in each request; 0: no limit. */
  readonly limitRateBytesPerS: Template | number;
  readonly limitRateAfterBytes: Template | number;
  readonly chunkedTransferEncoding: boolean;
  /** Of a body in one DATA frame. */
  readonly http2ChunkBytes: number;
  readonly acceptExtendedConnect: boolean;
  readonly logNotFound: boolean;
  readonly logSubrequest: boolean;
  readonly disableSymlinks: DisableSymlinks;
  /** Addresses of name servers, as written; see ResolverSettings. */
  readonly resolver: ResolverSettings | undefined;
  readonly resolverTimeoutMs: number;
}

export interface ResolverSettings {
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  /** Overrides the TTL of answers; undefined keeps it. */
  readonly validMs: number | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export const CORE_DEFAULTS: CoreSettings = {
  prefix: '/',
  root: 'html',
  alias: undefined,
  index: ['index.html'],
  types: { html: 'text/html', gif: 'image/gif', jpg: 'image/jpeg' },
  defaultType: 'text/plain',
  errorPages: [],
  recursiveErrorPages: false,
  satisfy: 'all',
  clientMaxBodyBytes: 1024 ** 2,
  clientBodyBufferBytes: 16384,
  clientBodyTimeoutMs: 60_000,
  earlyHints: [],
  clientBodyInFileOnly: 'off',
  clientBodyTempPath: 'client_body_temp',
  keepaliveTimeout: { idleMs: 75_000, headerS: undefined },
  keepaliveRequests: 1000,
  keepaliveTimeMs: 3_600_000,
  keepaliveMinTimeoutMs: 0,
  sendTimeoutMs: 60_000,
  lingeringClose: 'on',
  lingeringTimeMs: 30_000,
  lingeringTimeoutMs: 5_000,
  resetTimedoutConnection: false,
  etag: true,
  ifModifiedSince: 'exact',
  maxRanges: undefined,
  serverTokens: 'on',
  absoluteRedirect: true,
  serverNameInRedirect: false,
  portInRedirect: true,
  limitRateBytesPerS: 0,
  limitRateAfterBytes: 0,
  chunkedTransferEncoding: true,
  http2ChunkBytes: 8192,
  acceptExtendedConnect: false,
  logNotFound: true,
  logSubrequest: false,
  disableSymlinks: { refuse: 'none', from: undefined },
  resolver: undefined,
  resolverTimeoutMs: 30_000,
};
