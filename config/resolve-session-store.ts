/** The draft of a session_store block to its frozen model. */
import type {
  PeersStoreModel,
  RedisLogin,
  RedisStoreModel,
  RedisTls,
  SessionStoreModel,
  StoreAddress,
} from '#model/cluster/session-store.ts';
import type { Faults } from './diagnostic.ts';
import type { ClusterDraft, RedisDraft, SessionStoreDraft } from './draft-cluster.ts';

/** Directives that only one kind has, with what they stand beside. */
const OF_PEERS = ['listen', 'peer'];
const OF_SENTINEL = ['sentinel_user', 'sentinel_password'];
const OF_TLS = ['ca', 'certificate', 'verify_name'];
const PREFIX = 'moat';

export function resolveSessionStore(
  { sessionStore: draft, flowSync }: ClusterDraft,
  hasHttp: boolean,
  faults: Faults,
): SessionStoreModel | undefined {
  if (!draft) return undefined;
  const { key = flowSync?.own.key, site, redis } = draft;
  const miss: Miss = (what, hint) =>
    faults.error('incomplete', `session_store has no ${what}`, site, `add a line: ${hint}`);
  if (redis) refuseMisfits(draft, redis, faults);
  else refuseLines(draft, name => !OF_PEERS.includes(name), 'is of Redis, and these are peers', faults);
  const rest = redis ? resolveRedis(redis, miss) : resolvePeers(draft, miss, faults);
  if (key === undefined) miss('key', 'key file:PATH, with the same key on all nodes');
  if (!hasHttp)
    faults.error(
      'value',
      'session_store: there is no http block, so there is nothing to share',
      site,
      'take it out',
    );
  return rest && key !== undefined ? { ...rest, key } : undefined;
}

type Miss = (what: string, hint: string) => void;

function resolvePeers(
  draft: SessionStoreDraft,
  miss: Miss,
  faults: Faults,
): Omit<PeersStoreModel, 'key'> | undefined {
  const { listen, peers } = draft;
  if (!listen) miss('listen', 'listen ADDRESS_OF_THIS_NODE');
  if (peers.length === 0) miss('peer', 'peer ADDRESS_OF_THE_OTHER');
  refuseTwins(draft, faults);
  return listen && { kind: 'peers', listen: withoutPlace(listen), peers: peers.map(withoutPlace) };
}

function resolveRedis(redis: RedisDraft, miss: Miss): Omit<RedisStoreModel, 'key'> | undefined {
  const { way, masterName, servers, prefix = PREFIX } = redis;
  const [first] = servers;
  if (!first) miss('node', `node redis://${way === 'sentinel' ? 'SENTINEL:26379' : 'NODE:6379'}`);
  return (
    first && {
      kind: 'redis',
      way,
      servers: servers.map(({ host, port }) => ({ host, port })),
      masterName,
      database: first.database,
      tls: first.isTls ? tlsOf(redis) : undefined,
      login: loginOf(redis.login),
      sentinelLogin: loginOf(redis.sentinelLogin),
      prefix,
    }
  );
}

const tlsOf = ({ ca, certificate, verifyName }: RedisDraft): RedisTls => ({
  ca,
  certificate: certificate?.chain,
  key: certificate?.key,
  name: verifyName,
});

const loginOf = ({ user, password }: RedisDraft['login']): RedisLogin | undefined =>
  password === undefined ? undefined : { user, password };

function refuseMisfits(draft: SessionStoreDraft, redis: RedisDraft, faults: Faults): void {
  const { way, servers, login, sentinelLogin } = redis;
  refuseLines(draft, name => OF_PEERS.includes(name), 'is of peers, and this is Redis', faults);
  if (way === 'single')
    refuseLines(draft, name => name === 'node', 'the address stands behind session_store already', faults);
  if (way !== 'sentinel')
    refuseLines(draft, name => OF_SENTINEL.includes(name), 'there are no Sentinels here', faults);
  if (!servers[0]?.isTls)
    refuseLines(
      draft,
      name => OF_TLS.includes(name),
      'there is no TLS with redis://, write rediss://',
      faults,
    );
  for (const { isTls, database, place } of servers) {
    if (isTls !== servers[0]?.isTls)
      faults.error('value', 'node: one is spoken to over TLS and another is not', place, 'write all alike');
    if (way === 'cluster' && database > 0)
      faults.error('value', 'node: a cluster has no databases', place, 'take the number out');
    else if (way !== 'cluster' && database !== servers[0]?.database)
      faults.error('value', 'node: this is another database', place, 'write all alike');
  }
  const withoutPassword = (which: RedisDraft['login']) =>
    which.user !== undefined && which.password === undefined;
  const missing = [
    ...(withoutPassword(login) ? ['user'] : []),
    ...(way === 'sentinel' && withoutPassword(sentinelLogin) ? ['sentinel_user'] : []),
  ];
  refuseLines(draft, name => missing.includes(name), 'a user logs in with a password', faults);
}

function refuseLines(
  { places }: SessionStoreDraft,
  isWrong: (name: string) => boolean,
  why: string,
  faults: Faults,
): void {
  for (const [name, site] of places)
    if (isWrong(name)) faults.error('value', `${name}: ${why}`, site, HINTS[name] ?? 'take the line out');
}

const HINTS: Readonly<Record<string, string>> = {
  user: 'add a line: password file:PATH',
  sentinel_user: 'add a line: sentinel_password file:PATH',
};

const nameOf = ({ address, port }: StoreAddress) => `${address} ${port}`;
const withoutPlace = ({ address, port }: StoreAddress): StoreAddress => ({ address, port });

function refuseTwins({ listen, peers }: SessionStoreDraft, faults: Faults): void {
  const known = new Set<string>();
  for (const peer of peers) {
    const name = nameOf(peer);
    if (listen && name === nameOf(listen))
      faults.error('value', `peer: "${peer.place.text}" is this node`, peer.place, 'name the other ones');
    if (known.has(name))
      faults.error('value', `peer: "${peer.place.text}" stands here twice`, peer.place, 'take one out');
    known.add(name);
  }
}
