/** proxy_redirect: rewrites Location and Refresh of a server, so that they name moat. */
import { regexOf } from '#kit/pcre.ts';
import type { ProxySettings } from '#model/l7/proxy.ts';
import { locationUrl } from '../content/redirect.ts';
import type { Exchange } from '../exchange.ts';
import { rememberCaptures } from '../phase/captures.ts';
import type { Compiler } from '../tables.ts';

/** @returns the rewritten value, or undefined when the rule does not apply */
type Rule = (exchange: Exchange, value: string) => string | undefined;
export type RedirectRewriter = (exchange: Exchange, key: string, value: string) => string;

/**
 * @param proxyUrl the URL of proxy_pass, which the default rule looks for
 * @param locationUri what the default rule puts there
 */
export function redirectRewriter(
  redirects: ProxySettings['redirects'],
  compiler: Compiler,
  proxyUrl: string,
  locationUri: string,
): RedirectRewriter | undefined {
  if (redirects === 'off') return undefined;
  const rules = redirects.map((rule): Rule => {
    if (rule.kind === 'regex')
      return regexRule(regexOf(rule.pattern), rule.pattern.names, compiler.text(rule.to));
    if (rule.kind === 'default')
      return prefixRule(
        () => proxyUrl,
        () => locationUri,
      );
    return prefixRule(compiler.text(rule.from), compiler.text(rule.to));
  });
  return (exchange, key, value) => {
    // Refresh: `5; url=http://...`
    const from = key === 'refresh' ? value.toLowerCase().indexOf('url=') + 4 : 0;
    if (key === 'refresh' && from === 3) return value;
    const url = value.slice(from);
    for (const rule of rules) {
      const rewritten = rule(exchange, url);
      if (rewritten !== undefined)
        return value.slice(0, from) + (key === 'location' ? locationUrl(exchange, rewritten) : rewritten);
    }
    return value;
  };
}

function prefixRule(from: (exchange: Exchange) => string, to: (exchange: Exchange) => string): Rule {
  return (exchange, value) => {
    const prefix = from(exchange);
    return prefix !== '' && value.startsWith(prefix) ? to(exchange) + value.slice(prefix.length) : undefined;
  };
}

/** The whole value is replaced when the pattern matches. */
function regexRule(regex: RegExp, names: readonly string[], to: (exchange: Exchange) => string): Rule {
  return (exchange, value) => {
    const match = regex.exec(value);
    if (!match) return undefined;
    rememberCaptures(exchange, match, names);
    return to(exchange);
  };
}
