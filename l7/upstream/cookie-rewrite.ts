/** proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags: rewrites Set-Cookie of a server. */
import { regexOf } from '#kit/pcre.ts';
import type { CookieFlags, CookieRule, ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { rememberCaptures } from '../phase/captures.ts';
import type { Compiler } from '../tables.ts';

type AttributeRule = (exchange: Exchange, value: string) => string | undefined;
export type CookieRewriter = (exchange: Exchange, value: string) => string;

export function cookieRewriter(settings: ProxySettings, compiler: Compiler): CookieRewriter | undefined {
  const { cookieDomains, cookiePaths, cookieFlags } = settings;
  if (cookieDomains === 'off' && cookiePaths === 'off' && cookieFlags === 'off') return undefined;
  const domains =
    cookieDomains === 'off' ? [] : cookieDomains.map(rule => attributeRule(rule, compiler, replaceDomain));
  const paths =
    cookiePaths === 'off' ? [] : cookiePaths.map(rule => attributeRule(rule, compiler, replacePath));
  const flags = cookieFlags === 'off' ? [] : cookieFlags.map(rule => flagsRule(rule, compiler));
  return (exchange, value) => {
    const parts = value.split(';');
    for (let at = 1; at < parts.length; at++) {
      const attribute = /^(\s*(domain|path)\s*=)(.*)$/is.exec(parts[at]!);
      if (!attribute) continue;
      const rules = attribute[2]!.toLowerCase() === 'domain' ? domains : paths;
      const rewritten = firstOf(rules, exchange, attribute[3]!.trim());
      if (rewritten !== undefined) parts[at] = attribute[1]! + rewritten;
    }
    const name = parts[0]!.split('=')[0]!.trim();
    return (
      flags.reduce(
        (cookie, apply) => cookie ?? apply(exchange, name, parts),
        undefined as string | undefined,
      ) ?? parts.join(';')
    );
  };
}

function firstOf(rules: readonly AttributeRule[], exchange: Exchange, value: string): string | undefined {
  for (const rule of rules) {
    const rewritten = rule(exchange, value);
    if (rewritten !== undefined) return rewritten;
  }
  return undefined;
}

/** How a text rule compares: gives the value with `to` in place of the match, or undefined. */
type Replace = (value: string, from: string, to: string) => string | undefined;

/** A domain compares as a whole, in any case, a leading dot aside, which stays. */
const replaceDomain: Replace = (value, from, to) => {
  const dot = value.startsWith('.') ? '.' : '';
  const same = value.slice(dot.length).toLowerCase() === from.replace(/^\./, '').toLowerCase();
  return same ? dot + to.slice(dot !== '' && to.startsWith('.') ? 1 : 0) : undefined;
};
const replacePath: Replace = (value, from, to) =>
  value.startsWith(from) ? to + value.slice(from.length) : undefined;

function attributeRule(rule: CookieRule, { text }: Compiler, replace: Replace): AttributeRule {
  const to = text(rule.to);
  if (rule.kind === 'text') {
    const from = text(rule.from);
    return (exchange, value) => replace(value, from(exchange), to(exchange));
  }
  const regex = regexOf(rule.pattern);
  return (exchange, value) => {
    const match = regex.exec(value);
    if (!match) return undefined;
    rememberCaptures(exchange, match, rule.pattern.names);
    return to(exchange);
  };
}

/** @returns the whole cookie with its flags changed, or undefined when the rule is for other cookies */
type FlagsRule = (exchange: Exchange, name: string, parts: readonly string[]) => string | undefined;

function flagsRule({ cookie, flags }: CookieFlags, { text }: Compiler): FlagsRule {
  const wanted = cookie.kind === 'text' ? text(cookie.name) : undefined;
  const regex = cookie.kind === 'regex' ? regexOf(cookie.pattern) : undefined;
  return (exchange, name, parts) => {
    if (!parts[0]!.includes('=')) return undefined; // it is no cookie
    if (regex ? !regex.test(name) : wanted!(exchange).toLowerCase() !== name.toLowerCase()) return undefined;
    return flags.reduce(applyFlag, parts.join(';'));
  };
}

/** `secure`, `httponly`, `samesite=lax|strict|none`, and `no` before the name to take it away. */
function applyFlag(cookie: string, flag: string): string {
  const [, no, name, value] = /^(no)?(secure|httponly|samesite|partitioned)(?:=(\w+))?$/.exec(flag) ?? [];
  if (name === undefined) return cookie;
  const without = cookie.replace(new RegExp(`;\\s*${name}(=[^;]*)?(?=;|$)`, 'gi'), '');
  if (no) return without;
  const spelled = {
    secure: 'Secure',
    httponly: 'HttpOnly',
    samesite: 'SameSite',
    partitioned: 'Partitioned',
  }[name]!;
  return `${without}; ${spelled}${value ? `=${value[0]!.toUpperCase()}${value.slice(1).toLowerCase()}` : ''}`;
}
