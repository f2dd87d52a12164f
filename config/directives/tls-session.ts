/** Directives of the ssl module about resuming sessions. */
import { parseSizeBytes } from '#kit/units.ts';
import type { SessionCache } from '#model/l7/tls.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { SERVER_BLOCKS } from './core-field.ts';
import { tlsDirective, tlsField, tlsOf } from './tls-field.ts';

/** nginx's bound: eight pages. */
const LEAST_CACHE_BYTES = 8 * 4096;

const cache = defineDirective({
  name: 'ssl_session_cache',
  context: SERVER_BLOCKS,
  args: { caches: arg.token('off, none, builtin[:SIZE] or shared:NAME:SIZE').rest(1) },
  doc: {
    summary:
      'Where sessions are kept that clients resume by an id. Tickets resume sessions without it, in every worker.',
    default: 'ssl_session_cache none;',
    example: 'ssl_session_cache shared:TLS:10m;',
    since: '0.1',
  },
  compile({ caches }, scope) {
    const named = caches.map(word => readCache(word, scope));
    tlsOf(scope).settings.sessionCache = named.find(({ kind }) => kind === 'shared') ?? named.at(-1)!;
  },
});

/** OpenSSL's own default. */
const BUILTIN_ENTRIES = 20_480;

function readCache(word: Token, scope: Scope): SessionCache {
  const { text } = word;
  if (text === 'off' || text === 'none') return { kind: text };
  const [isBuiltin, entries] = /^builtin(?::(\d+))?$/.exec(text) ?? [];
  if (isBuiltin) return { kind: 'builtin', entries: Number(entries ?? BUILTIN_ENTRIES) };
  return sharedCache(word, scope);
}

function sharedCache(word: Token, scope: Scope): SessionCache {
  const { text } = word;
  const [, name, size] = /^shared:([^:]+):([^:]+)$/.exec(text) ?? [];
  const bytes = parseSizeBytes(size ?? '');
  if (!name || bytes === undefined)
    throw new ArgumentFault(
      `invalid session cache "${text}"`,
      'write off, none, builtin or shared:NAME:SIZE',
      word,
    );
  if (bytes < LEAST_CACHE_BYTES)
    throw new ArgumentFault(
      `session cache "${name}" is too small`,
      `it takes ${LEAST_CACHE_BYTES / 1024}k or more`,
      word,
    );
  scope.zone(name, 'ssl_session_cache', bytes, word);
  return { kind: 'shared', name, bytes };
}

const ticketKey = defineDirective({
  name: 'ssl_session_ticket_key',
  context: SERVER_BLOCKS,
  repeats: true,
  args: { file: arg.token('a file of 48 or 80 bytes') },
  doc: {
    summary:
      'A key for session tickets, the same on all machines that share clients. The first line encrypts, the others still decrypt.',
    example: 'ssl_session_ticket_key ticket.key;',
    since: '0.1',
  },
  compile({ file }, scope) {
    const bytes = scope.readFile(file.text);
    if (bytes.length !== 48 && bytes.length !== 80)
      throw new ArgumentFault(`"${file.text}" must be 48 or 80 bytes`, 'openssl rand 80 makes them');
    const { settings } = tlsOf(scope);
    settings.ticketKeys = [...(settings.ticketKeys ?? []), bytes];
  },
});

export const TLS_SESSION = [
  cache,
  ticketKey,
  tlsDirective(
    'ssl_session_timeout',
    arg.durationMs(),
    { summary: 'How long a client may resume a session.', default: '5m', example: '1h' },
    (ms, scope) => {
      tlsOf(scope).settings.sessionTimeoutS = Math.ceil(ms / 1000);
    },
  ),
  tlsField('ssl_session_tickets', 'sessionTickets', arg.flag(), {
    summary: 'Whether clients keep their sessions themselves, in tickets that only moat can read.',
    default: 'on',
    example: 'off',
  }),
];
