/** Health checks as models, for tests that need no configuration. */
import type { HealthCheckModel } from '#model/l7/health.ts';
import { PROXY_DEFAULTS, type ProxySettings } from '#model/l7/proxy.ts';
import { PROXY_TLS_DEFAULTS } from '#model/l7/proxy-tls.ts';

export const checkModel = (
  also: Partial<HealthCheckModel> = {},
  proxy: Partial<ProxySettings> = {},
): HealthCheckModel => ({
  pool: 'app',
  type: 'http',
  scheme: 'http',
  uri: '/',
  intervalMs: 1000,
  jitterMs: 0,
  fails: 1,
  passes: 1,
  match: undefined,
  port: undefined,
  mandatory: false,
  persistent: false,
  grpcService: '',
  grpcStatus: undefined,
  keepaliveMs: undefined,
  proxy: { ...PROXY_DEFAULTS, ...proxy },
  proxyTls: PROXY_TLS_DEFAULTS,
  site: { file: '', line: 1 },
  ...also,
});
