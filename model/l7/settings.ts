/** All that a location inherits, one slice for each family of directives. */

import { ACCESS_DEFAULTS, type AccessSettings } from './access.ts';
import { ADDITION_DEFAULTS, type AdditionSettings } from './addition.ts';
import { BROWSER_DEFAULTS, type BrowserSettings } from './browser.ts';
import { CHALLENGE_DEFAULTS, type ChallengeSettings } from './challenge.ts';
import { CHARSET_DEFAULTS, type CharsetSettings } from './charset.ts';
import {
  BROTLI_DEFAULTS,
  type BrotliSettings,
  type CodingSettings,
  GZIP_DEFAULTS,
  type GzipSettings,
  ZSTD_DEFAULTS,
} from './compress.ts';
import { CORE_DEFAULTS, type CoreSettings } from './core.ts';
import { HEADERS_DEFAULTS, type HeadersSettings } from './headers.ts';
import { LIMIT_DEFAULTS, type LimitSettings } from './limit.ts';
import { LISTING_DEFAULTS, type ListingSettings } from './listing.ts';
import { LOG_DEFAULTS, type LogSettings } from './log.ts';
import { MIRROR_DEFAULTS, type MirrorSettings } from './mirror.ts';
import { PRECOMPRESSED_DEFAULTS, type PrecompressedSettings } from './precompressed.ts';
import { PROXY_DEFAULTS, type ProxySettings } from './proxy.ts';
import { PROXY_TLS_DEFAULTS, type ProxyTlsSettings } from './proxy-tls.ts';
import { REALIP_DEFAULTS, type RealipSettings } from './realip.ts';
import { REFERER_DEFAULTS, type RefererSettings } from './referer.ts';
import { REWRITE_DEFAULTS, type RewriteSettings } from './rewrite.ts';
import { SECURE_LINK_DEFAULTS, type SecureLinkSettings } from './secure-link.ts';
import { SUB_DEFAULTS, type SubSettings } from './sub.ts';
import { TRACE_DEFAULTS, type TraceSettings } from './trace.ts';
import { USER_ID_DEFAULTS, type UserIdSettings } from './user-id.ts';
import { WAF_DEFAULTS, type WafSettings } from './waf.ts';

export interface Settings {
  readonly core: CoreSettings;
  readonly proxy: ProxySettings;
  readonly proxyTls: ProxyTlsSettings;
  readonly headers: HeadersSettings;
  readonly log: LogSettings;
  readonly limit: LimitSettings;
  readonly sub: SubSettings;
  readonly realip: RealipSettings;
  readonly rewrite: RewriteSettings;
  readonly gzip: GzipSettings;
  readonly brotli: BrotliSettings;
  readonly zstd: CodingSettings;
  readonly access: AccessSettings;
  readonly referer: RefererSettings;
  readonly mirror: MirrorSettings;
  readonly precompressed: PrecompressedSettings;
  readonly listing: ListingSettings;
  readonly browser: BrowserSettings;
  readonly addition: AdditionSettings;
  readonly charset: CharsetSettings;
  readonly secureLink: SecureLinkSettings;
  readonly userId: UserIdSettings;
  readonly waf: WafSettings;
  readonly challenge: ChallengeSettings;
  readonly trace: TraceSettings;
}

/** What holds where nothing is configured: nginx 1.31's defaults. */
export const DEFAULT_SETTINGS: Settings = {
  core: CORE_DEFAULTS,
  proxy: PROXY_DEFAULTS,
  proxyTls: PROXY_TLS_DEFAULTS,
  headers: HEADERS_DEFAULTS,
  log: LOG_DEFAULTS,
  limit: LIMIT_DEFAULTS,
  sub: SUB_DEFAULTS,
  realip: REALIP_DEFAULTS,
  rewrite: REWRITE_DEFAULTS,
  gzip: GZIP_DEFAULTS,
  brotli: BROTLI_DEFAULTS,
  zstd: ZSTD_DEFAULTS,
  access: ACCESS_DEFAULTS,
  referer: REFERER_DEFAULTS,
  mirror: MIRROR_DEFAULTS,
  precompressed: PRECOMPRESSED_DEFAULTS,
  listing: LISTING_DEFAULTS,
  browser: BROWSER_DEFAULTS,
  addition: ADDITION_DEFAULTS,
  charset: CHARSET_DEFAULTS,
  secureLink: SECURE_LINK_DEFAULTS,
  userId: USER_ID_DEFAULTS,
  waf: WAF_DEFAULTS,
  challenge: CHALLENGE_DEFAULTS,
  trace: TRACE_DEFAULTS,
};
