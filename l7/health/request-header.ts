/** The headers of a health check: those of the location, where there is no client. */
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { Template } from '#model/template.ts';

/** A template outside of any request: but for the pool's own name and port all variables are empty. */
export function requestHeader(template: Template, { pool, scheme }: HealthCheckModel): string {
  if (typeof template === 'string') return template;
  const known: Record<string, string> = { proxy_host: pool, proxy_port: scheme === 'https' ? '443' : '80' };
  return template.map(part => (typeof part === 'string' ? part : (known[part.variable] ?? ''))).join('');
}

/** Host is the pool's name unless the location has another; empty ones are left out. */
export function requestHeaders(check: HealthCheckModel): Record<string, string> {
  const headers: Record<string, string> = { Host: check.pool };
  for (const { name, value } of check.proxy.setHeaders) {
    const text = requestHeader(value, check);
    const key = name.toLowerCase() === 'host' ? 'Host' : name;
    if (text !== '') headers[key] = text;
    else if (key !== 'Host') delete headers[key];
  }
  return headers;
}
