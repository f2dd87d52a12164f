/** What the L7 tiers of a cluster share: session_store in the cluster block. */
import { ArgumentFault, arg } from '../argument.ts';
import { newRedis, newSessionStore, type RedisDraft } from '../draft-cluster.ts';
import { readRealAddress } from '../l4-address.ts';
import type { Token } from '../lex.ts';
import { isRedisUrl, readRedisUrl } from '../redis-url.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { readSecretText, refuseGuessable, warnIfPublic } from '../secret-text.ts';

import { REDIS_PORT, SESSION_STORE_REDIS } from './session-store-redis.ts';

const MOST_PEERS = 8;
const PORT = 8474;

const sessionStore = defineBlock({
  name: 'session_store',
  context: ['cluster'],
  args: { way: arg.token('peers, a URL of Redis, sentinel or cluster'), name: arg.text('a name').optional() },
  block: 'session_store',
  doc: {
    summary:
      'Proxies that stand in for each other tell each other what they know of clients, so that one who comes to another proxy keeps its TLS session, its server (sticky learn with sync) and its limits (limit_req_zone with sync). Certificates of acme_issuer are ordered once for all. Keys of session tickets are those of the proxy that is up longest, except where ssl_session_ticket_key says others. While a proxy is not there the others go on with what they know, and all catch up when it is back. Peers speak over TLS with a shared key. Redis or Valkey is for more than a few nodes; what lies there is sealed with the key, and ends by itself.',
    args: {
      way: 'peers: the nodes tell each other, with nothing between them. redis://HOST:PORT/DATABASE, or rediss:// over TLS: they leave it in one Redis. sentinel: in the master that Sentinels name. cluster: in the node of a Redis Cluster that has the slot.',
      name: 'Of sentinel: what they call the master.',
    },
    default: 'nothing is shared',
    example: 'session_store peers { listen 10.0.0.1; peer 10.0.0.2; key file:/etc/moat/session.key; }',
    since: '0.1',
  },
  compile({ way, name }, scope, body, line) {
    const draft = newSessionStore(line.name);
    draft.redis = redisBy(way, name);
    scope.cluster.sessionStore = draft;
    body.open(scope.child('session_store', { sessionStore: draft }));
  },
});

/** @returns undefined for peers @throws {ArgumentFault} */
function redisBy(way: Token, name: string | undefined): RedisDraft | undefined {
  if (way.text === 'sentinel') {
    if (name === undefined)
      throw new ArgumentFault('sentinel of which master?', 'write session_store sentinel NAME { ... }', way);
    return newRedis('sentinel', name);
  }
  if (name !== undefined)
    throw new ArgumentFault(`"${name}" is one word too many`, 'only sentinel has a name');
  if (way.text === 'cluster') return newRedis('cluster', '');
  if (way.text === 'peers') return undefined;
  if (!isRedisUrl(way.text))
    throw new ArgumentFault(
      `"${way.text}" is no way to share`,
      'take peers, redis://HOST:PORT, rediss://HOST:PORT, sentinel NAME or cluster',
      way,
    );
  const redis = newRedis('single', '');
  redis.servers.push(readRedisUrl(way, REDIS_PORT));
  return redis;
}

/** @throws {ArgumentFault} */
function addressOf(token: Token) {
  const { address, port } = readRealAddress(token);
  return { address, port: port || PORT, place: token };
}

const listen = defineDirective({
  name: 'listen',
  context: ['session_store'],
  args: { address: arg.token('an address of this node') },
  doc: {
    summary: 'Where the other nodes reach this one, by TCP, and from where it calls them.',
    args: {
      address: `ADDRESS, ADDRESS:PORT or [IPV6]:PORT; without a port it is ${PORT}. No virtual address: it must not move.`,
    },
    example: 'listen 10.0.0.1;',
    since: '0.1',
  },
  compile({ address }, scope, line) {
    scope.sessionStore.places.set('listen', line.name);
    scope.sessionStore.listen = addressOf(address);
  },
});

const peer = defineDirective({
  name: 'peer',
  context: ['session_store'],
  repeats: true,
  args: { address: arg.token('an address of another node') },
  doc: {
    summary:
      'Another node, by the address in its own listen line. Others are refused. With more than two, each node names all others.',
    args: { address: `ADDRESS, ADDRESS:PORT or [IPV6]:PORT; without a port it is ${PORT}.` },
    example: 'peer 10.0.0.2;',
    since: '0.1',
  },
  compile({ address }, scope, line) {
    scope.sessionStore.places.set('peer', line.name);
    const { peers } = scope.sessionStore;
    if (peers.length === MOST_PEERS) throw new ArgumentFault(`there are ${MOST_PEERS} peers already`);
    peers.push(addressOf(address));
  },
});

const key = defineDirective({
  name: 'key',
  context: ['session_store'],
  args: { key: arg.token('a text or file:PATH').secret() },
  doc: {
    summary:
      'Proves to each node that another one speaks, and hides what is said, or what lies in Redis. All nodes have the same; whoever has it can read and write what they share.',
    args: { key: 'At least 16 characters, or file: and a path whose first line is the key.' },
    default: 'that of flow_sync, where there is one',
    example: 'key file:/etc/moat/session.key;',
    since: '0.1',
  },
  compile(args, scope) {
    const value = readSecretText(args.key, scope);
    refuseGuessable(value, 'key', args.key);
    if (args.key.text.startsWith('file:')) warnIfPublic(args.key, scope);
    scope.sessionStore.key = value;
  },
});

export const SESSION_STORE: readonly Directive[] = [sessionStore, listen, peer, key, ...SESSION_STORE_REDIS];
