/** What the L7 tiers of a cluster share through Redis: the directives of session_store that peers have no use for. */
import { ArgumentFault, arg } from '../argument.ts';
import type { RedisDraft } from '../draft-cluster.ts';
import type { Token } from '../lex.ts';
import { certificatesOf, openKey } from '../pem.ts';
import { readRedisUrl } from '../redis-url.ts';
import { type Directive, defineDirective, type Line } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { readSecretText, warnIfPublic } from '../secret-text.ts';

const MOST_NODES = 16;
export const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
/** Within `{...}` of a key. */
const PREFIX = /^[\w.:/-]{1,64}$/;

/** The draft of what leads to Redis; with peers one that is thrown away, since resolve refuses the line. */
function redisOf(scope: Scope, line: Line): RedisDraft | undefined {
  scope.sessionStore.places.set(line.name.text, line.name);
  return scope.sessionStore.redis;
}

const node = defineDirective({
  name: 'node',
  context: ['session_store'],
  repeats: true,
  args: { url: arg.token('redis://HOST:PORT or rediss://HOST:PORT') },
  doc: {
    summary:
      'With sentinel a Sentinel, with cluster a node of it: they are asked in turn, and it is enough that one answers. With rediss:// they and the servers that they name are spoken to over TLS.',
    args: { url: `Without a port it is ${SENTINEL_PORT} of a Sentinel, ${REDIS_PORT} of a node.` },
    example: 'node redis://10.0.0.11:26379;',
    since: '0.1',
  },
  compile({ url }, scope, line) {
    const redis = redisOf(scope, line);
    if (!redis) return;
    if (redis.servers.length === MOST_NODES) throw new ArgumentFault(`there are ${MOST_NODES} nodes already`);
    redis.servers.push(readRedisUrl(url, redis.way === 'sentinel' ? SENTINEL_PORT : REDIS_PORT));
  },
});

const prefix = defineDirective({
  name: 'prefix',
  context: ['session_store'],
  args: { prefix: arg.text() },
  doc: {
    summary:
      'What the names of all keys in Redis begin with, in braces: so they are together in one slot of a cluster. Clusters of moat that share a Redis have one each.',
    args: { prefix: 'Letters, digits and `. : / _ -`.' },
    default: 'moat',
    example: 'prefix moat/shop;',
    since: '0.1',
  },
  compile({ prefix: text }, scope, line) {
    if (!PREFIX.test(text))
      throw new ArgumentFault(
        `"${text}" cannot be a prefix`,
        'take letters, digits and . : / _ -, 64 at most',
      );
    const redis = redisOf(scope, line);
    if (redis) redis.prefix = text;
  },
});

/** The first line of a file. @throws {ArgumentFault} also for one that stands in the line itself, without repeating it */
function readPassword(token: Token, scope: Scope): string {
  if (!token.text.startsWith('file:'))
    throw new ArgumentFault('a password here is read by whoever reads this file', 'write file:PATH', token);
  const password = readSecretText(token, scope);
  if (password === '') throw new ArgumentFault(`there is nothing in ${scope.confPath(token.text.slice(5))}`);
  warnIfPublic(token, scope);
  return password;
}

const loginDirective = (name: 'user' | 'password', of: '' | 'sentinel_') =>
  defineDirective({
    name: `${of}${name}`,
    context: ['session_store'],
    args: { value: name === 'user' ? arg.token('a name') : arg.token('file:PATH').secret() },
    doc: {
      summary:
        name === 'user'
          ? `As whom moat logs in to ${of === '' ? 'Redis' : 'Sentinels'}: a name of their access list.`
          : `The password for ${of === '' ? 'Redis' : 'Sentinels'}, the first line of a file; it is never logged.`,
      ...(name === 'user' ? { default: 'the default user' } : {}),
      example: name === 'user' ? `${of}user moat;` : `${of}password file:/etc/moat/redis.password;`,
      since: '0.1',
    },
    compile({ value }, scope, line) {
      const text = name === 'user' ? value.text : readPassword(value, scope);
      const redis = redisOf(scope, line);
      if (redis) (of === '' ? redis.login : redis.sentinelLogin)[name] = text;
    },
  });

const ca = defineDirective({
  name: 'ca',
  context: ['session_store'],
  args: { file: arg.text('a file of PEM certificates') },
  doc: {
    summary: 'Who may have issued the certificate of a rediss:// server.',
    default: 'the authorities that the runtime brings along',
    example: 'ca redis-ca.pem;',
    since: '0.1',
  },
  compile({ file }, scope, line) {
    const text = scope.readFile(file);
    certificatesOf({ path: scope.confPath(file), text });
    const redis = redisOf(scope, line);
    if (redis) redis.ca = text;
  },
});

const certificate = defineDirective({
  name: 'certificate',
  context: ['session_store'],
  args: { certificate: arg.text('a PEM file'), key: arg.token('a PEM file') },
  doc: {
    summary: 'The certificate that moat shows to rediss:// servers, and its key, which no password protects.',
    example: 'certificate moat.pem moat.key;',
    since: '0.1',
  },
  compile(args, scope, line) {
    const chain = scope.readFile(args.certificate);
    const [own] = certificatesOf({ path: scope.confPath(args.certificate), text: chain });
    const file = { path: scope.confPath(args.key.text), text: scope.readFile(args.key.text) };
    if (!own?.checkPrivateKey(openKey(file, []).key))
      throw new ArgumentFault(`the key in ${file.path} does not belong to the certificate`);
    warnIfPublic(args.key, scope);
    const redis = redisOf(scope, line);
    if (redis) redis.certificate = { chain, key: file.text };
  },
});

const verifyName = defineDirective({
  name: 'verify_name',
  context: ['session_store'],
  args: { name: arg.text('a host name') },
  doc: {
    summary:
      'The name that the certificate of each rediss:// server must have: for those that Sentinels or a cluster name by their addresses.',
    default: 'the host that is connected to',
    example: 'verify_name redis.internal;',
    since: '0.1',
  },
  compile({ name }, scope, line) {
    const redis = redisOf(scope, line);
    if (redis) redis.verifyName = name;
  },
});

export const SESSION_STORE_REDIS: readonly Directive[] = [
  node,
  prefix,
  loginDirective('user', ''),
  loginDirective('password', ''),
  loginDirective('user', 'sentinel_'),
  loginDirective('password', 'sentinel_'),
  ca,
  certificate,
  verifyName,
];
