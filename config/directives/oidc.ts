/** Users of an OpenID Connect provider, who log in to the API and the console. */
import { ArgumentFault, arg } from '../argument.ts';
import { newOidc } from '../draft-api.ts';
import { certificatesOf } from '../pem.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { readSecretText, warnIfPublic } from '../secret-text.ts';

const MOST_VALUES = 256;
const MOST_WORD = 256;
const MOST_LABEL = 40;
const ROLES = ['viewer', 'operator', 'admin'] as const;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @throws {ArgumentFault} */
function readIssuer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isFit = url && url.username === '' && url.password === '' && !/[?#]/.test(text);
  if (!isFit || !['https:', 'http:'].includes(url.protocol))
    throw new ArgumentFault(`"${text}" is no issuer`, 'write https://HOST/PATH, as the provider does');
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw new ArgumentFault(
      `"${text}" would be asked in the clear`,
      'write https: who could change what it says would log in as anybody',
    );
  return text;
}

/** A word of one line that goes to the provider or is compared with what it says. */
function refuseOdd(text: string, what: string, most = MOST_WORD): void {
  if (text === '' || text.length > most || /[\x00-\x1f\x7f]/.test(text))
    throw new ArgumentFault(`"${text}" cannot be ${what}`, `take 1 to ${most} characters`);
}

const oidc = defineBlock({
  name: 'oidc',
  context: ['api'],
  args: { issuer: arg.text('a URL') },
  block: 'oidc',
  doc: {
    summary:
      "Users of an OpenID Connect provider log in to the console and the API, by authorization code with PKCE. The provider has to know `https://HOST:PORT/login/oidc` as an address to come back to, for each host under which the console is opened; where it ends sessions (`end_session_endpoint`), who logs out does so there, too, and the provider has to know `https://HOST:PORT/` as an address to come back to after it. The role is taken at the login; another configuration of this block, and a restart, end the sessions that came by it. Local users log in as before, also while the provider is away. Passkeys and second factors are the provider's matter.",
    args: {
      issuer:
        'As the provider writes it in `/.well-known/openid-configuration`; https, but for a provider on loopback.',
    },
    default: 'local users alone',
    example:
      'oidc https://id.example.org/realms/ops { client_id moat; client_secret file:oidc.secret; role admin moat-admins; }',
    since: '0.1',
  },
  compile({ issuer }, scope, body, line) {
    const draft = newOidc(readIssuer(issuer), line.name);
    scope.api.oidc = draft;
    body.open(scope.child('oidc', { api: scope.api, oidc: draft }));
  },
});

const clientId = defineDirective({
  name: 'client_id',
  context: ['oidc'],
  args: { id: arg.text('a text') },
  doc: {
    summary: 'The name by which the provider knows moat.',
    example: 'client_id moat;',
    since: '0.1',
  },
  compile({ id }, scope) {
    refuseOdd(id, 'a client');
    scope.oidc.own.clientId = id;
  },
});

const clientSecret = defineDirective({
  name: 'client_secret',
  context: ['oidc'],
  args: { secret: arg.token('TEXT or file:PATH').secret() },
  doc: {
    summary: 'The secret that the provider has given this client, or the file whose first line it is.',
    default: 'none: a public client, which PKCE alone proves',
    example: 'client_secret file:oidc.secret;',
    since: '0.1',
  },
  compile({ secret }, scope) {
    const text = readSecretText(secret, scope);
    if (text === '') throw new ArgumentFault('the secret is empty', 'write it into the first line', secret);
    if (secret.text.startsWith('file:')) warnIfPublic(secret, scope);
    scope.oidc.own.clientSecret = text;
  },
});

const scopes = defineDirective({
  name: 'scope',
  context: ['oidc'],
  args: { names: arg.text('a scope').rest() },
  doc: {
    summary: 'What the provider is asked for. `openid` is always among it.',
    args: { names: 'Many providers tell groups only when a scope of that name is asked for.' },
    default: 'scope openid profile;',
    example: 'scope openid profile groups;',
    since: '0.1',
  },
  compile({ names }, scope) {
    const odd = names.find(name => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(name));
    if (odd !== undefined) throw new ArgumentFault(`"${odd}" is no scope`);
    scope.oidc.own.scopes = [...new Set(['openid', ...names])];
  },
});

const roleClaim = defineDirective({
  name: 'role_claim',
  context: ['oidc'],
  args: { name: arg.text('a claim') },
  doc: {
    summary:
      'The claim whose values give the role: a text or a list of texts, in the ID token, or else at the userinfo endpoint.',
    args: { name: 'Its name, or a path with dots where it lies in another.' },
    default: 'role_claim groups;',
    example: 'role_claim realm_access.roles;',
    since: '0.1',
  },
  compile({ name }, scope) {
    refuseOdd(name, 'a claim');
    scope.oidc.own.roleClaim = name;
  },
});

const nameClaim = defineDirective({
  name: 'name_claim',
  context: ['oidc'],
  args: { name: arg.text('a claim') },
  doc: {
    summary:
      'The claim that names the user in lists and in the audit log, as `oidc:NAME`; where it is absent, `sub` does. Take one that users cannot change themselves.',
    default: 'name_claim preferred_username;',
    example: 'name_claim email;',
    since: '0.1',
  },
  compile({ name }, scope) {
    refuseOdd(name, 'a claim');
    scope.oidc.own.nameClaim = name;
  },
});

const role = defineDirective({
  name: 'role',
  context: ['oidc'],
  repeats: true,
  args: { role: arg.oneOf(ROLES), values: arg.text('a value').rest() },
  doc: {
    summary:
      'Who has one of these values in role_claim has this role; of several the one that may most. Who has none is not let in.',
    args: { role: '`viewer`, `operator` or `admin`.', values: 'Whole, in the same case.' },
    example: 'role operator moat-operators night-shift;',
    since: '0.1',
  },
  compile({ role: name, values }, scope) {
    const { roles } = scope.oidc;
    for (const value of values) {
      refuseOdd(value, 'a value');
      const other = roles.find(one => one.value === value);
      if (other) throw new ArgumentFault(`"${value}" has the role ${other.role} already`);
      if (roles.length === MOST_VALUES) throw new ArgumentFault(`there are ${MOST_VALUES} values already`);
      roles.push({ role: name, value });
    }
  },
});

const label = defineDirective({
  name: 'label',
  context: ['oidc'],
  args: { text: arg.text('a text') },
  doc: {
    summary: 'What the button of the console calls the provider.',
    default: 'label "OpenID Connect";',
    example: 'label "Example Ltd.";',
    since: '0.1',
  },
  compile({ text }, scope) {
    refuseOdd(text, 'a label', MOST_LABEL);
    scope.oidc.own.label = text;
  },
});

const trusted = defineDirective({
  name: 'ssl_trusted_certificate',
  context: ['oidc'],
  args: { file: arg.token('a file of PEM certificates') },
  doc: {
    summary: "Who may have signed the provider's certificate, beside the authorities of the runtime.",
    default: 'the authorities that the runtime brings along',
    example: 'ssl_trusted_certificate company-ca.pem;',
    since: '0.1',
  },
  compile({ file }, scope) {
    const read = { path: scope.confPath(file.text), text: scope.readFile(file.text) };
    certificatesOf(read);
    scope.oidc.own.trusted = read.text;
  },
});

export const OIDC: readonly Directive[] = [
  ...[oidc, clientId, clientSecret, scopes, roleClaim, nameClaim, role, label, trusted],
];
