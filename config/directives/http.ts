/** The skeleton of the http block: server, listen, server_name, location. */
import type { LocationMatch } from '#model/l7/http.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { type LocationDraft, newLocation, newServer } from '../draft.ts';
import type { Token } from '../lex.ts';
import { defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { LISTEN } from './listen-line.ts';

const server = defineBlock({
  name: 'server',
  context: ['http'],
  args: {},
  block: 'server',
  repeats: true,
  doc: {
    summary: 'A virtual server, found by address and Host.',
    example: 'server { listen 80; server_name example.org; }',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = newServer(line.name);
    scope.http.servers.push(draft);
    body.open(scope.child('server', { server: draft, location: draft.root }, draft.root.own));
    for (const settle of draft.whenRead) settle();
  },
});

const serverName = defineDirective({
  name: 'server_name',
  context: ['server'],
  repeats: true,
  args: { names: arg.token('names').rest(1) },
  doc: {
    summary:
      'The host names of a server: exact, `*.example.org`, `www.example.*`, `.example.org`, `~regex` or "".',
    default: 'server_name "";',
    example: 'server_name example.org *.example.org ~^(?<tenant>.+)\\.example\\.net$;',
    since: '0.1',
  },
  compile({ names }, scope) {
    for (const name of names) addName(name, scope);
  },
});

function addName(token: Token, scope: Scope): void {
  const { text } = token;
  const draft = scope.server;
  const name = text.toLowerCase();
  if (draft.names.length === 0) draft.serverName = text.startsWith('~') ? text : name.replace(/^\./, '');
  if (text.includes('/') && !text.startsWith('~'))
    scope.faults.warn(
      'value',
      `server name "${text}" has suspicious symbols`,
      token,
      'no host has a "/" in its name',
    );
  if (text.startsWith('~'))
    draft.names.push({ kind: 'regex', pattern: scope.pattern(text.slice(1), true, token) });
  else if (/^\*\.[^*]+$/.test(name)) draft.names.push({ kind: 'leading', suffix: name.slice(1) });
  else if (/^[^*]+\.\*$/.test(name)) draft.names.push({ kind: 'trailing', prefix: name.slice(0, -1) });
  else if (/^\.[^*]+$/.test(name))
    draft.names.push({ kind: 'leading', suffix: name }, { kind: 'exact', hostname: name.slice(1) });
  else if (/^[^*]*$/.test(name)) draft.names.push({ kind: 'exact', hostname: name });
  else
    throw new ArgumentFault(
      `invalid server name or wildcard "${text}"`,
      'an asterisk stands only at the start or the end, beside a dot',
      token,
    );
}

const location = defineBlock({
  name: 'location',
  context: ['server', 'location'],
  args: {
    modifier: arg.token('=, ~, ~*, ^~, a URI or a variable'),
    uri: arg.token('a URI or a regular expression').optional(),
  },
  block: 'location',
  repeats: true,
  doc: {
    summary:
      'What holds for a part of the URIs; or, with a variable, for requests for which that is neither empty nor 0: it is asked when no exact, `^~` or regular location was found, before a prefix counts.',
    example: 'location ^~ /static/ { root /srv; }',
    since: '0.1',
  },
  compile({ modifier, uri }, scope, body, line) {
    const draft = newLocation({ kind: 'none' }, line.args.map(token => token.text).join(' '), line.name);
    const [sign, text] = uri ? [modifier.text, uri.text] : splitModifier(modifier.text);
    const site = uri ?? modifier;
    if (sign === '=') draft.match = { kind: 'exact', uri: text };
    else if (sign === '^~') draft.match = { kind: 'prefix-final', uri: text };
    else if (sign === '~' || sign === '~*')
      draft.match = { kind: 'regex', pattern: scope.pattern(text, sign === '~*', site) };
    else if (sign === '' && text.startsWith('@')) draft.match = { kind: 'named', name: text };
    else if (sign === '' && text.startsWith('$')) draft.match = predicate(text, site, scope);
    else if (sign === '') draft.match = { kind: 'prefix', uri: text };
    else throw new ArgumentFault(`invalid location modifier "${sign}"`, 'it may be =, ~, ~* or ^~');
    refuseMisfit(draft, scope);
    if (!isTaken(draft, scope)) scope.location.locations.push(draft);
    body.open(scope.child('location', { location: draft }, draft.own));
  },
});

function predicate(text: string, site: Token, scope: Scope): LocationMatch {
  if (!/^\$\w+$/.test(text))
    throw new ArgumentFault('a location may be chosen by one variable only', 'make one with map');
  return { kind: 'predicate', value: scope.template(text, site) };
}

/** The modifier may stand against the URI: `location =/x`, `location ~\.php$`. */
function splitModifier(text: string): [string, string] {
  const sign = /^(=|\^~|~\*|~)/.exec(text)?.[0] ?? '';
  return [sign, text.slice(sign.length)];
}

function refuseMisfit(draft: LocationDraft, scope: Scope): void {
  const { match } = draft;
  const outer = scope.location.match;
  if (match.kind === 'named' && match.name === '@')
    throw new ArgumentFault('a named location needs a name after "@"');
  if (match.kind === 'named' && scope.context === 'location')
    throw new ArgumentFault('named locations stand at the level of the server only');
  if (outer.kind === 'exact')
    throw new ArgumentFault(`no location can be inside the exact location "${outer.uri}"`);
  if (outer.kind === 'named')
    throw new ArgumentFault(`no location can be inside the named location "${outer.name}"`);
  if (
    'uri' in match &&
    (outer.kind === 'prefix' || outer.kind === 'prefix-final') &&
    !match.uri.startsWith(outer.uri)
  ) {
    throw new ArgumentFault(
      `location "${match.uri}" is outside location "${outer.uri}"`,
      'a nested location starts with the URI of the outer one',
    );
  }
}

/** Two locations of a level must differ in their text; `= /a` and `/a` do. Of two named ones nginx takes the first. */
function isTaken(draft: LocationDraft, scope: Scope): boolean {
  const { match, site } = draft;
  if (match.kind !== 'named' && !('uri' in match)) return false;
  const text = match.kind === 'named' ? match.name : match.uri;
  const key = match.kind === 'exact' ? `=${text}` : text;
  const taken = (scope.location.taken ??= new Map());
  const before = taken.get(key);
  if (!before) {
    taken.set(key, site);
    return false;
  }
  const message = `location "${text}" is already defined on line ${before.line}`;
  if (match.kind !== 'named') throw new ArgumentFault(message);
  scope.faults.warn('duplicate', message, site, 'this one is never reached: take it out');
  return true;
}

const internal = defineDirective({
  name: 'internal',
  context: ['location'],
  args: {},
  doc: {
    summary: 'Only internal redirects reach this location; others get 404.',
    example: 'internal;',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.internal = true;
  },
});

export const HTTP = [server, ...LISTEN, serverName, location, internal];
