/** Sessions that stay with their member. */
import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { StickyCookie, StickyLearn, StickyRoute } from '#model/l7/upstream.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { readSecretText, refuseGuessable } from '../secret-text.ts';

const SAME_SITE = ['strict', 'lax', 'none'];
/** nginx's least size of a zone for sessions: eight pages. */
const LEAST_ZONE_BYTES = 8 * 4096;

const sticky = defineDirective({
  name: 'sticky',
  context: ['upstream'],
  args: {
    kind: arg.oneOf(['cookie', 'route', 'learn']),
    parameters: arg.token('parameters').rest(1),
  },
  doc: {
    summary:
      'Keeps the requests of a session with one member while it can serve them. cookie: moat sets a cookie. route: variables name the route= of a member. learn: the answers of the members tell which session is whose.',
    args: {
      kind: 'cookie, route or learn.',
      parameters:
        'cookie NAME [expires=TIME|max] [domain=] [path=] [httponly] [secure] [samesite=strict|lax|none|$variable]. route $variable ... learn create=$variable lookup=$variable zone=NAME:SIZE [timeout=TIME] [header] [sync].',
    },
    example: 'sticky cookie srv expires=1h httponly path=/;',
    differs:
      "The cookie's value is signed, so that clients can neither learn nor choose a member: see sticky_secret. nginx writes a hash of the address.",
    since: '0.1',
  },
  compile({ kind, parameters }, scope) {
    scope.pool.sticky = READERS[kind](parameters, scope);
  },
});

const READERS = { cookie: cookieOf, route: routeOf, learn: learnOf };

/** Reads `name=value` and bare words by a table; every name may come once unless its reader collects. */
function readParameters<D>(
  tokens: readonly Token[],
  draft: D,
  readers: Readonly<Record<string, (value: string, draft: D, token: Token) => void>>,
  repeats: readonly string[] = [],
): void {
  const seen = new Set<string>();
  for (const token of tokens) {
    const [name = '', value] = token.text.split(/=(.*)/s);
    const key = value === undefined ? name : `${name}=`;
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (!read)
      throw new ArgumentFault(
        `unknown parameter "${token.text}"`,
        `it knows ${Object.keys(readers).join(' ')}`,
        token,
      );
    if (seen.has(key) && !repeats.includes(key))
      throw new ArgumentFault(`"${name}" is given twice`, undefined, token);
    seen.add(key);
    read(value ?? '', draft, token);
  }
}

function cookieOf([name, ...rest]: readonly Token[], scope: Scope): StickyCookie {
  if (!name || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name.text))
    throw new ArgumentFault(`"${name?.text ?? ''}" is not the name of a cookie`, undefined, name);
  const draft: { -readonly [K in keyof StickyCookie]: StickyCookie[K] } = {
    kind: 'cookie',
    name: name.text,
    expiresS: undefined,
    domain: undefined,
    path: undefined,
    httpOnly: false,
    secure: false,
    sameSite: undefined,
  };
  readParameters(rest, draft, {
    'expires=': (value, cookie, token) =>
      (cookie.expiresS = value === 'max' ? 'max' : secondsOf(value, token)),
    'domain=': (value, cookie, token) =>
      (cookie.domain = scope.template(filled('domain', value, token), token)),
    'path=': (value, cookie, token) => (cookie.path = filled('path', value, token)),
    httponly: (_, cookie) => (cookie.httpOnly = true),
    secure: (_, cookie) => (cookie.secure = true),
    'samesite=': (value, cookie, token) => (cookie.sameSite = sameSiteOf(value, token, scope)),
  });
  return draft;
}

function secondsOf(value: string, token: Token): number {
  const ms = parseDurationMs(value);
  if (ms === undefined) throw new ArgumentFault(`"${value}" is not a time`, 'write a time, or max', token);
  return Math.floor(ms / 1000);
}

/** Attributes go into the cookie as they are: what would end one or begin another is refused. */
function filled(name: string, value: string, token: Token): string {
  if (value === '') throw new ArgumentFault(`${name}= is empty`, undefined, token);
  if (/[\x00-\x1f\x7f;]/.test(value))
    throw new ArgumentFault(`"${value}" cannot stand in a cookie`, undefined, token);
  return value;
}

function sameSiteOf(value: string, token: Token, scope: Scope): Template {
  const template = scope.template(value, token);
  if (typeof template === 'string' && !SAME_SITE.includes(template.toLowerCase()))
    throw new ArgumentFault(`"${value}" is not one of ${SAME_SITE.join(', ')}`, undefined, token);
  return template;
}

function routeOf(variables: readonly Token[], scope: Scope): StickyRoute {
  return { kind: 'route', values: variables.map(token => variableOf(token.text, token, scope)) };
}

function variableOf(text: string, token: Token, scope: Scope): Template {
  if (!/^\$(\w+|\{\w+\})$/.test(text))
    throw new ArgumentFault(`"${text}" is not a variable`, undefined, token);
  return scope.template(text, token);
}

function learnOf(tokens: readonly Token[], scope: Scope): StickyLearn {
  const create: Template[] = [];
  const lookup: Template[] = [];
  const draft = {
    zone: undefined as StickyLearn['zone'] | undefined,
    timeoutMs: 600_000,
    header: false,
    sync: false,
  };
  const readers = {
    'create=': (value: string, _: typeof draft, token: Token) => create.push(variableOf(value, token, scope)),
    'lookup=': (value: string, _: typeof draft, token: Token) => lookup.push(variableOf(value, token, scope)),
    'zone=': (value: string, learn: typeof draft, token: Token) => (learn.zone = zoneOf(value, token, scope)),
    'timeout=': (value: string, learn: typeof draft, token: Token) =>
      (learn.timeoutMs = timeoutOf(value, token)),
    header: (_: string, learn: typeof draft) => (learn.header = true),
    sync: (_: string, learn: typeof draft) => (learn.sync = true),
  };
  readParameters(tokens, draft, readers, ['create=', 'lookup=']);
  const { zone } = draft;
  if (create.length === 0)
    throw new ArgumentFault('learn needs create=', 'as in create=$upstream_cookie_session');
  if (lookup.length === 0) throw new ArgumentFault('learn needs lookup=', 'as in lookup=$cookie_session');
  if (!zone) throw new ArgumentFault('learn needs zone=', 'as in zone=sessions:1m');
  return { kind: 'learn', ...draft, zone, create, lookup };
}

function timeoutOf(value: string, token: Token): number {
  const ms = parseDurationMs(value);
  if (!ms) throw new ArgumentFault(`"${value}" is not a time above 0`, undefined, token);
  return ms;
}

function zoneOf(value: string, token: Token, scope: Scope): StickyLearn['zone'] {
  const [, name, size] = /^([^:]+):(.*)$/.exec(value) ?? [];
  const bytes = size === undefined ? undefined : parseSizeBytes(size);
  if (!name || bytes === undefined)
    throw new ArgumentFault(`"${value}" is not a zone`, 'write zone=NAME:SIZE', token);
  if (bytes < LEAST_ZONE_BYTES)
    throw new ArgumentFault(`the zone "${name}" is too small`, 'take 32k or more', token);
  if (scope.http.zones.has(name))
    throw new ArgumentFault(`the zone "${name}" is already used`, 'each pool has its own sessions', token);
  scope.zone(name, 'sticky', bytes, token);
  return { name, bytes };
}

const secretArgs = { secret: arg.token('a text or file:PATH').secret() };
const secretDoc = {
  summary:
    'Signs sticky cookies, so that moats with the same secret agree on them, and a restart does not void them. The first line signs, all of them are accepted: put a new one above the old.',
  args: { secret: 'At least 16 characters, or file: and a path whose first line is the secret.' },
  default: 'drawn by lot when moat starts; reloads keep it',
  example: 'sticky_secret file:/etc/moat/sticky.key;',
  since: '0.1',
};

function secretOf(token: Token, scope: Scope): string {
  const secret = readSecretText(token, scope);
  refuseGuessable(secret, 'secret', token);
  return secret;
}

const secretOfAll = defineDirective({
  name: 'sticky_secret',
  context: ['http'],
  repeats: true,
  args: secretArgs,
  doc: secretDoc,
  compile({ secret }, scope) {
    scope.http.stickySecrets.push(secretOf(secret, scope));
  },
});

const secretOfPool = defineDirective({
  name: 'sticky_secret',
  context: ['upstream'],
  repeats: true,
  args: secretArgs,
  doc: secretDoc,
  compile({ secret }, scope) {
    scope.pool.stickySecrets.push(secretOf(secret, scope));
  },
});

export const UPSTREAM_STICKY = [sticky, secretOfAll, secretOfPool];
