/** An OpenID Connect provider (npm oidc-provider) as a process, which on wish answers as an attacker would. */
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:https';
import type { ProviderSetup, Twist } from './provider.ts';

interface Context {
  readonly oidc?: { readonly route?: string };
  body?: { id_token?: string };
}

interface Provider {
  use(layer: (context: Context, next: () => Promise<void>) => Promise<void>): void;
  callback(): Parameters<typeof createServer>[1];
}

const name: string = 'oidc-provider'; // a word of its own: the package brings no types
const { default: Made }: { default: new (issuer: string, configuration: object) => Provider } = await import(
  name
);

const setup: ProviderSetup = JSON.parse(process.argv[2]!);
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  alice: ['staff', 'moat-admins'],
  bob: ['staff'],
  eve: ['guests'],
};
const CLIENT = 'moat';
let twist: Twist | undefined;

const key = createPrivateKey({ key: setup.key, format: 'jwk' });
const client = {
  client_id: CLIENT,
  client_secret: setup.secret,
  redirect_uris: [setup.redirectUri],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  id_token_signed_response_alg: 'ES256',
  ...(setup.backFromLogout !== undefined && { post_logout_redirect_uris: [setup.backFromLogout] }),
};

const provider = new Made(setup.issuer, {
  clients: [client],
  jwks: { keys: [{ ...setup.key, use: 'sig', alg: 'ES256' }] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'HS256'] },
  cookies: { keys: ['a key of the cookies of a test'] },
  scopes: ['openid', 'profile', 'groups'],
  claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
  features: { rpInitiatedLogout: { enabled: setup.backFromLogout !== undefined } },
  conformIdTokenClaims: setup.groupsAt === 'userinfo',
  findAccount: (_: unknown, sub: string) => ({
    accountId: sub,
    claims: async () => ({ sub, preferred_username: sub, groups: GROUPS[sub] ?? [] }),
  }),
});

const coded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const read = (text: string): Record<string, unknown> => JSON.parse(Buffer.from(text, 'base64url').toString());
const es256 = (text: string, by: KeyObject): string =>
  sign('sha256', Buffer.from(text), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url');

const HOUR_S = 3600;
/** Claims that are signed as they should be. */
const CLAIMS: Partial<Record<Twist, (nowS: number) => object>> = {
  expired: nowS => ({ iat: nowS - 2 * HOUR_S, exp: nowS - HOUR_S }),
  future: nowS => ({ iat: nowS + HOUR_S, exp: nowS + 2 * HOUR_S }),
  'other-client': () => ({ aud: 'another' }),
  'two-audiences': () => ({ aud: [CLIENT, 'another'] }),
  'other-party': () => ({ azp: 'another' }),
  'other-issuer': () => ({ iss: 'https://evil.example' }),
  'other-nonce': () => ({ nonce: 'another' }),
  'no-nonce': () => ({ nonce: undefined }),
};

function twisted(token: string, how: Twist): string {
  const [head = '', body = '', signature = ''] = token.split('.');
  const claims = { ...read(body), groups: ['moat-admins'], ...CLAIMS[how]?.(Math.floor(Date.now() / 1000)) };
  const unsigned = `${head}.${coded(claims)}`;
  if (how === 'altered') return `${unsigned}.${signature}`;
  if (how === 'none') return `${coded({ alg: 'none' })}.${coded(claims)}.`;
  if (how === 'hs256') {
    const text = `${coded({ ...read(head), alg: 'HS256' })}.${coded(claims)}`;
    return `${text}.${createHmac('sha256', setup.secret).update(text).digest('base64url')}`;
  }
  const by = how === 'other-key' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : key;
  return `${unsigned}.${es256(unsigned, by)}`;
}

provider.use(async (context, next) => {
  await next();
  const { body, oidc } = context;
  if (oidc?.route === 'token' && twist && body?.id_token) body.id_token = twisted(body.id_token, twist);
});

const { port } = new URL(setup.issuer);
const server = createServer({ key: setup.tls.key, cert: setup.tls.certificate }, provider.callback());
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
process.on('message', (wish: Twist | 'straight') => {
  twist = wish === 'straight' ? undefined : wish;
  process.send?.('done');
});
process.on('disconnect', () => process.exit(0));
