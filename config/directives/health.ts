/** Active health checks: health_check, and match with its tests. */
import { HEALTH_CHECK_TYPES, type MatchTest } from '#model/l7/health.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { OwnSettings } from '../draft.ts';
import type { Token } from '../lex.ts';
import { defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

const healthCheck = defineDirective({
  name: 'health_check',
  context: ['location'],
  repeats: true,
  args: {
    interval: arg.durationMs().param(),
    jitter: arg.durationMs().param(),
    fails: arg.integer({ min: 1 }).param(),
    passes: arg.integer({ min: 1 }).param(),
    uri: arg.text('a URI').param(),
    mandatory: arg.word(),
    persistent: arg.word(),
    match: arg.text('the name of a match block').param(),
    port: arg.integer({ min: 1, max: 65535 }).param(),
    type: arg.oneOf(HEALTH_CHECK_TYPES).param(),
    grpc_service: arg.text('a service name').param(),
    grpc_status: arg.integer({ min: 0, max: 16 }).param(),
    keepalive_time: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Asks the members of the pool that this location passes requests to how they are, and takes unhealthy ones out. The requests are made with the headers, timeouts and TLS settings of the location; variables in them are empty, but for $proxy_host and $proxy_port.',
    args: {
      interval: 'Between two checks of a member; 5s if absent.',
      jitter: 'Each check is late by a random time up to this; 0 if absent.',
      fails: 'Failed checks in a row that make a member unhealthy; 1 if absent.',
      passes: 'Passed checks in a row that make it healthy; 1 if absent.',
      uri: 'What is asked for; / if absent.',
      mandatory: 'Members get no requests before their first check passed.',
      persistent: 'With mandatory: a reload keeps those in use that were.',
      match: 'The match block that answers must pass; a status of 2xx or 3xx if absent.',
      port: "Where to ask; the member's own port if absent.",
      type: 'http; tcp: a connection is enough; grpc: the health protocol of gRPC.',
      grpc_service: 'The service to ask for; the whole server if absent.',
      grpc_status: 'A gRPC status that is as good as SERVING, such as 12 for servers without the protocol.',
      keepalive_time: 'For how long one connection may be used for checks; one check a connection if absent.',
    },
    example: 'health_check interval=2s fails=3 passes=2 uri=/healthz match=ok;',
    differs: 'The pool needs no zone. Checks run once for all workers.',
    since: '0.1',
  },
  compile(args, scope, line) {
    const { type = 'http', persistent = false, mandatory = false } = args;
    if (persistent && !mandatory) throw new ArgumentFault('persistent goes with mandatory only');
    if (type !== 'http' && (args.uri !== undefined || args.match !== undefined))
      throw new ArgumentFault(`type=${type} goes with neither uri= nor match=`);
    if (type !== 'grpc' && (args.grpc_service !== undefined || args.grpc_status !== undefined))
      throw new ArgumentFault('grpc_service= and grpc_status= go with type=grpc only');
    if (args.uri !== undefined && !/^\/[\x21-\x7e]*$/.test(args.uri))
      throw new ArgumentFault(`"${args.uri}" is not a URI`, 'it starts with /');
    scope.http.healthChecks.push({
      check: {
        type,
        uri: args.uri ?? '/',
        intervalMs: args.interval ?? 5000,
        jitterMs: args.jitter ?? 0,
        fails: args.fails ?? 1,
        passes: args.passes ?? 1,
        port: args.port,
        mandatory,
        persistent,
        grpcService: args.grpc_service ?? '',
        grpcStatus: args.grpc_status,
        keepaliveMs: args.keepalive_time,
      },
      matchName: args.match,
      location: scope.location,
      owns: ownsOf(scope),
      site: line.name,
    });
  },
});

/** The settings of this block and those around it below http, outermost first. */
function ownsOf(scope: Scope): OwnSettings[] {
  const owns: OwnSettings[] = [];
  for (let at: Scope | undefined = scope; at && at.context !== 'http'; at = at.parent) owns.unshift(at.own);
  return owns;
}

const match = defineBlock({
  name: 'match',
  context: ['http'],
  repeats: true,
  args: { name: arg.text('a name') },
  block: 'match',
  doc: {
    summary: 'Tests that the answer to a health check must pass, all of them.',
    example: 'match ok { status 200; body ~ "ready"; }',
    since: '0.1',
  },
  compile({ name }, scope, body) {
    if (scope.http.matches.has(name)) throw new ArgumentFault(`the match block "${name}" is already defined`);
    const draft = { name, tests: [] };
    scope.http.matches.set(name, draft);
    body.open(scope.child('match', { match: draft }));
  },
});

const status = defineDirective({
  name: 'status',
  context: ['match'],
  args: { statuses: arg.token('statuses and ranges').rest(1) },
  doc: {
    summary: 'The status of the answer is one of these; with ! before them, none of these.',
    example: 'status 200-204 301;',
    since: '0.1',
  },
  compile({ statuses }, scope) {
    const [negated, ranges] = negation(statuses);
    scope.match.tests.push({ test: 'status', ranges: ranges.map(rangeOf), negated });
  },
});

/** A `!` stands alone, or against the first word. */
function negation(tokens: readonly Token[]): [boolean, readonly Token[]] {
  const [first, ...rest] = tokens;
  if (!first?.text.startsWith('!')) return [false, tokens];
  const word = first.text.slice(1);
  const words = word === '' ? rest : [{ ...first, text: word }, ...rest];
  if (words.length === 0) throw new ArgumentFault('nothing follows "!"', undefined, first);
  return [true, words];
}

function rangeOf(token: Token): readonly [number, number] {
  const [, from, to = from] = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(token.text) ?? [];
  if (from === undefined || Number(to) < Number(from))
    throw new ArgumentFault(`"${token.text}" is not a status`, 'write 200 or 200-399', token);
  return [Number(from), Number(to)];
}

const header = defineDirective({
  name: 'header',
  context: ['match'],
  repeats: true,
  args: { words: arg.token('a test of a header').rest(1) },
  doc: {
    summary:
      'A field of the head is there (header NAME), is not (header ! NAME), has a value (= or !=), or has one that a regular expression matches (~ or !~).',
    example: 'header Content-Type = text/html;',
    since: '0.1',
  },
  compile({ words }, scope) {
    scope.match.tests.push(headerTest(words, scope));
  },
});

function headerTest(words: readonly Token[], scope: Scope): MatchTest {
  const [first, second, third, fourth] = words;
  if (first!.text === '!' && second && !third)
    return { test: 'header', name: fieldName(second), present: false };
  if (!second) return { test: 'header', name: fieldName(first!), present: true };
  if (!third || fourth)
    throw new ArgumentFault('this is no test of a header', 'write NAME = VALUE or NAME ~ PATTERN');
  const operator = second.text;
  const negated = operator.startsWith('!');
  const name = fieldName(first!);
  if (operator === '=' || operator === '!=')
    return { test: 'header-value', name, value: third.text, negated };
  if (operator !== '~' && operator !== '!~')
    throw new ArgumentFault(`"${operator}" is not an operator`, 'take =, !=, ~ or !~', second);
  return { test: 'header-value', name, value: scope.pattern(third.text, false, third), negated };
}

function fieldName(token: Token): string {
  const name = token.text.startsWith('!') ? token.text.slice(1) : token.text;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    throw new ArgumentFault(`"${token.text}" is not the name of a header`, undefined, token);
  return name.toLowerCase();
}

const body = defineDirective({
  name: 'body',
  context: ['match'],
  repeats: true,
  args: { operator: arg.oneOf(['~', '!~']), pattern: arg.pattern() },
  doc: {
    summary: 'A regular expression matches the first 256k of the body (~), or does not (!~).',
    example: 'body ~ "all systems go";',
    since: '0.1',
  },
  compile({ operator, pattern }, scope) {
    scope.match.tests.push({ test: 'body', pattern, negated: operator === '!~' });
  },
});

const require = defineDirective({
  name: 'require',
  context: ['match'],
  repeats: true,
  args: { variables: arg.token('variables').rest(1) },
  doc: {
    summary: 'None of these variables is empty or 0.',
    example: 'require $upstream_http_x_ready;',
    differs:
      'Of the variables those of the answer have a value: $upstream_status, $upstream_http_*, and maps of them.',
    since: '0.1',
  },
  compile({ variables }, scope) {
    scope.match.tests.push({
      test: 'require',
      values: variables.map(token => scope.template(token.text, token)),
    });
  },
});

export const HEALTH = [healthCheck, match, status, header, body, require];
