/** Sessions by a cookie that moat sets. */
import type { StickyCookie } from '#model/l7/upstream.ts';
import { httpDateOf } from '../../clock.ts';
import type { Exchange } from '../../exchange.ts';
import type { HeaderList } from '../../message.ts';
import { type StickyMaker, type StickyMeans, UNBOUND } from './sticky.ts';
import { type Tokens, tokensOf } from './tokens.ts';

/** `expires=max`: as far as a signed 32-bit time goes, and ten years. */
const MAX_EXPIRES = '; Expires=Thu, 31 Dec 2037 23:55:55 GMT; Max-Age=315360000';
const SAME_SITE = new Set(['strict', 'lax', 'none']);

export const stickyCookie: StickyMaker<'cookie'> = (model, means) => {
  let tokens: Tokens = { issued: [], accepted: new Map() };
  const attributes = compileAttributes(model, means);
  const start = `${model.name}=`;
  return {
    follow(roster) {
      tokens = tokensOf(means.secrets, means.poolName, roster);
    },
    bound(exchange) {
      const token = cookieValue(exchange.head.headers, start);
      return token === undefined ? UNBOUND : (tokens.accepted.get(token) ?? UNBOUND);
    },
    answered(exchange, member, response) {
      response.headers.append('Set-Cookie', start + tokens.issued[member.index] + attributes(exchange));
    },
    completed() {},
  };
};

/** What follows the value. A text that would end the attribute is left out. */
function compileAttributes(model: StickyCookie, { text }: StickyMeans): (exchange: Exchange) => string {
  const domain = text(model.domain ?? '');
  const sameSite = text(model.sameSite ?? '');
  const flags = (model.httpOnly ? '; HttpOnly' : '') + (model.secure ? '; Secure' : '');
  const path = model.path === undefined ? '' : `; Path=${model.path}`;
  const write = (exchange: Exchange) =>
    expiresText(model.expiresS, exchange) +
    domainText(domain(exchange)) +
    flags +
    sameSiteText(sameSite(exchange)) +
    path;
  const fixed =
    typeof (model.domain ?? '') === 'string' &&
    typeof (model.sameSite ?? '') === 'string' &&
    typeof model.expiresS !== 'number';
  if (!fixed) return write;
  const tail = (model.expiresS === 'max' ? MAX_EXPIRES : '') + domainText(model.domain ?? '') + flags;
  const all = tail + sameSiteText(model.sameSite ?? '') + path;
  return () => all;
}

function expiresText(expiresS: StickyCookie['expiresS'], { clock }: Exchange): string {
  if (expiresS === undefined) return '';
  if (expiresS === 'max') return MAX_EXPIRES;
  return `; Expires=${httpDateOf(clock.wallMs() + expiresS * 1000)}; Max-Age=${expiresS}`;
}

function domainText(domain: unknown): string {
  return typeof domain !== 'string' || domain === '' || /[\x00-\x20;\x7f]/.test(domain)
    ? ''
    : `; Domain=${domain}`;
}

/** nginx's rule for a variable with another value: the strictest one. */
function sameSiteText(value: unknown): string {
  if (typeof value !== 'string' || value === '') return '';
  return `; SameSite=${SAME_SITE.has(value.toLowerCase()) ? value : 'Strict'}`;
}

/** The value of the first cookie of that name, without a copy of the others. @param start `name=` */
function cookieValue(headers: HeaderList, start: string): string | undefined {
  for (let line = 0; line < headers.size; line++) {
    if (headers.keys[line] !== 'cookie') continue;
    const value = headers.valueAt(line);
    for (let at = value.indexOf(start); at !== -1; at = value.indexOf(start, at + 1)) {
      if (!beginsPair(value, at)) continue;
      const end = value.indexOf(';', at);
      return value.slice(at + start.length, end === -1 ? undefined : end).trim();
    }
  }
  return undefined;
}

/** Whether nothing but blanks stands between this place and the `;` before it. */
function beginsPair(value: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (value[before] === ' ' || value[before] === '\t')) before--;
  return before < 0 || value[before] === ';';
}
