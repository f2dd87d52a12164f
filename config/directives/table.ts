/** Every directive that moat knows, by name. One row a family. */
import type { Directive } from '../registry.ts';
import { ACCESS } from './access.ts';
import { ACME } from './acme.ts';
import { ADDITION } from './addition.ts';
import { API } from './api.ts';
import { BROWSER } from './browser.ts';
import { CHALLENGE } from './challenge.ts';
import { CHARSET } from './charset.ts';
import { CLUSTER } from './cluster.ts';
import { COMPRESS } from './compress.ts';
import { CORE } from './core.ts';
import { GEO } from './geo.ts';
import { GEOIP2 } from './geoip2.ts';
import { GSLB } from './gslb.ts';
import { HEADERS } from './headers.ts';
import { HEALTH } from './health.ts';
import { HTTP } from './http.ts';
import { HTTP2 } from './http2.ts';
import { KUBERNETES } from './kubernetes.ts';
import { L4 } from './l4.ts';
import { LIMIT } from './limit.ts';
import { LIMIT_BAN } from './limit-ban.ts';
import { LISTING } from './listing.ts';
import { LOG } from './log.ts';
import { MAIN } from './main.ts';
import { MAP } from './map.ts';
import { MIRROR } from './mirror.ts';
import { OTEL } from './otel.ts';
import { PROXY } from './proxy.ts';
import { REALIP } from './realip.ts';
import { REDIRECT_BALANCE } from './redirect-balance.ts';
import { REFERER } from './referer.ts';
import { REWRITE } from './rewrite.ts';
import { SECURE_LINK } from './secure-link.ts';
import { SPLIT_CLIENTS } from './split-clients.ts';
import { STATIC } from './static.ts';
import { STATUS_PAGES } from './status-pages.ts';
import { SUB } from './sub.ts';
import { TLS } from './tls.ts';
import { UPSTREAM } from './upstream.ts';
import { USER_ID } from './user-id.ts';
import { WAF } from './waf.ts';

const FAMILIES: readonly (readonly Directive[])[] = [
  MAIN,
  HTTP,
  CORE,
  COMPRESS,
  HEADERS,
  HEALTH,
  HTTP2,
  LIMIT,
  LIMIT_BAN,
  LOG,
  PROXY,
  ACCESS,
  MAP,
  REFERER,
  MIRROR,
  KUBERNETES,
  GEO,
  GEOIP2,
  SPLIT_CLIENTS,
  REALIP,
  REDIRECT_BALANCE,
  REWRITE,
  STATIC,
  LISTING,
  BROWSER,
  ADDITION,
  CHALLENGE,
  CHARSET,
  SECURE_LINK,
  USER_ID,
  WAF,
  STATUS_PAGES,
  TLS,
  ACME,
  OTEL,
  SUB,
  UPSTREAM,
  L4,
  CLUSTER,
  API,
  GSLB,
];

/** Some names mean different things in different blocks: then there are several definitions. */
export const DIRECTIVES: ReadonlyMap<string, readonly Directive[]> = Map.groupBy(
  FAMILIES.flat(),
  directive => directive.name,
);
