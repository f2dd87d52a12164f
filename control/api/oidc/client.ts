/** Speaks OpenID Connect with a provider: authorization code with PKCE; its answers are believed when all of them fits. */
import * as protocol from 'openid-client';
import type { OidcModel } from '#model/api.ts';
import { asBytes } from '../http/bytes.ts';
import { type Claims, claimAt, nameOf, valuesOf } from './claims.ts';
import type { Arrival, Brought, Leave, Login, Person } from './questions.ts';

const PATIENCE_S = 10;
/** Clocks of two machines. */
const TOLERANCE_S = 30;
/** What the provider says of itself is asked for anew after so long, and after a failure. */
const METADATA_MS = 5 * 60_000;
const FAILURE_MS = 3000;
/** A login again: what is dangerous has to follow within five minutes. */
const AGAIN_S = 5 * 60;
const MOST_URL = 8192;
/** Of an ID token in an address. */
const MOST_HINT = 6144;
/** OpenID Connect Core, 2. */
const MOST_SUBJECT = 255;
/** Signatures that nobody without the provider's private key can make: neither none nor HS*, whose key would be the client's secret. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Names and secrets are bytes in a configuration. */
const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

/** The provider does not answer, or with nothing of use. */
export class AwayFault extends Error {}

export class OidcClient {
  readonly #model: OidcModel;
  readonly #now: () => number;
  #metadata: { readonly untilMs: number; readonly answer: Promise<protocol.ServerMetadata> } | undefined;

  /** @param now ms of a clock that does not go back */
  constructor(model: OidcModel, now: () => number) {
    this.#model = model;
    this.#now = now;
  }

  /** @returns where the browser goes @throws {AwayFault} */
  async begin({ state, nonce, verifier, redirectUri, again }: Login): Promise<string> {
    const configuration = await this.#configuration();
    const url = protocol.buildAuthorizationUrl(configuration, {
      ...{ redirect_uri: redirectUri, scope: this.#model.scopes.map(textOf).join(' '), state, nonce },
      code_challenge: await protocol.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(again && { prompt: 'login', max_age: '0' }),
    });
    return this.#fit(url, 'authorization_endpoint');
  }

  /** Redeems the code, and holds what comes against what was asked. @throws {Error} when anything does not fit */
  async finish(login: Login, { code, iss }: Brought): Promise<Arrival> {
    const configuration = await this.#configuration();
    const url = new URL(login.redirectUri);
    url.searchParams.set('code', code);
    url.searchParams.set('state', login.state);
    if (iss !== undefined) url.searchParams.set('iss', iss);
    const tokens = await protocol.authorizationCodeGrant(configuration, url, {
      ...{ pkceCodeVerifier: login.verifier, expectedState: login.state, expectedNonce: login.nonce },
      idTokenExpected: true,
      ...(login.again && { maxAge: AGAIN_S }),
    });
    const claims = tokens.claims()!;
    refuseOdd(claims, textOf(this.#model.clientId));
    const person = await this.#personOf(claims, configuration, tokens.access_token);
    const { id_token: idToken = '' } = tokens;
    return { ...person, idToken: idToken.length > MOST_HINT ? undefined : idToken };
  }

  /** @returns where the browser ends its session at the provider; undefined: it names no such place @throws {AwayFault} */
  async leave({ idToken, back }: Leave): Promise<string | undefined> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    const url = protocol.buildEndSessionUrl(configuration, {
      ...(idToken !== undefined && { id_token_hint: idToken }),
      post_logout_redirect_uri: back,
    });
    return this.#fit(url, 'end_session_endpoint');
  }

  /** @throws {AwayFault} when no browser is to be sent there */
  #fit({ protocol, href }: URL, what: string): string {
    if (protocol !== 'https:' && !this.#isPlain) throw new AwayFault(`its ${what} is not of https`);
    if (href.length > MOST_URL) throw new AwayFault(`its ${what} is too long`);
    return href;
  }

  /** Many providers tell groups at the userinfo endpoint alone. */
  async #personOf(
    claims: protocol.IDToken,
    configuration: protocol.Configuration,
    accessToken: string,
  ): Promise<Person> {
    const { roleClaim, nameClaim, roles } = this.#model;
    let all = asBytes(claims) as Claims;
    if (claimAt(all, roleClaim) === undefined && configuration.serverMetadata().userinfo_endpoint) {
      const more = await protocol.fetchUserInfo(configuration, accessToken, claims.sub);
      all = { ...(asBytes(more) as Claims), ...all };
    }
    return {
      subject: String(all['sub']).slice(0, MOST_SUBJECT),
      name: nameOf(all, nameClaim),
      values: valuesOf(claimAt(all, roleClaim)).filter(value => roles.some(one => one.value === value)),
      provenMs: claims.auth_time === undefined ? undefined : claims.auth_time * 1000,
    };
  }

  /** http is for a provider on loopback alone. */
  get #isPlain(): boolean {
    return this.#model.issuer.startsWith('http:');
  }

  /** Another one each time: the keys of the provider are asked for at each login, so that those that it has changed count at once. */
  async #configuration(): Promise<protocol.Configuration> {
    const { clientId, clientSecret } = this.#model;
    const metadata = await this.#known();
    const own = { [protocol.clockTolerance]: TOLERANCE_S };
    const proof = proofOf(clientSecret, metadata);
    const configuration = new protocol.Configuration(metadata, textOf(clientId), own, proof);
    configuration.timeout = PATIENCE_S;
    if (this.#isPlain) protocol.allowInsecureRequests(configuration);
    protocol.enableNonRepudiationChecks(configuration);
    return configuration;
  }

  #known(): Promise<protocol.ServerMetadata> {
    const nowMs = this.#now();
    if (this.#metadata && nowMs < this.#metadata.untilMs) return this.#metadata.answer;
    const answer = this.#discover();
    const known = { untilMs: nowMs + METADATA_MS, answer };
    this.#metadata = known;
    answer.catch(() => {
      if (this.#metadata === known) this.#metadata = { untilMs: this.#now() + FAILURE_MS, answer };
    });
    return answer;
  }

  async #discover(): Promise<protocol.ServerMetadata> {
    const { issuer, clientId } = this.#model;
    try {
      const execute = this.#isPlain ? [protocol.allowInsecureRequests] : [];
      const options = { timeout: PATIENCE_S, execute };
      const found = await protocol.discovery(
        new URL(issuer),
        textOf(clientId),
        undefined,
        undefined,
        options,
      );
      return allowed(found.serverMetadata());
    } catch (fault) {
      throw new AwayFault(whyOf(fault), { cause: fault });
    }
  }
}

/** Of the algorithms that the provider names, those that are good for something. @throws {Error} when none is left */
function allowed(metadata: Readonly<protocol.ServerMetadata>): protocol.ServerMetadata {
  const named = metadata.id_token_signing_alg_values_supported ?? ['RS256'];
  const left = named.filter(one => ALGORITHMS.includes(one));
  if (left.length === 0) throw new Error(`it signs by none of ${ALGORITHMS.join(', ')}`);
  return { ...metadata, id_token_signing_alg_values_supported: left };
}

/** HTTP Basic unless the provider takes the other way alone (RFC 8414, token_endpoint_auth_methods_supported). */
function proofOf(secret: string | undefined, metadata: protocol.ServerMetadata): protocol.ClientAuth {
  if (secret === undefined) return protocol.None();
  const ways = metadata.token_endpoint_auth_methods_supported;
  const isPostAlone = ways && !ways.includes('client_secret_basic') && ways.includes('client_secret_post');
  return isPostAlone ? protocol.ClientSecretPost(textOf(secret)) : protocol.ClientSecretBasic(textOf(secret));
}

/** What the library leaves open (OpenID Connect Core, 3.1.3.7, points 5 and 10). @throws {Error} */
function refuseOdd({ azp, iat }: protocol.IDToken, clientId: string): void {
  if (azp !== undefined && azp !== clientId) throw new Error('the token is for another client (azp)');
  if (iat > Date.now() / 1000 + TOLERANCE_S) throw new Error('the token is of the future (iat)');
}

/** Whether the network, or the provider's machine, is to blame. */
export function isAway(fault: unknown): boolean {
  if (fault instanceof AwayFault) return true;
  if (!(fault instanceof Error)) return false;
  const { code } = fault as NodeJS.ErrnoException;
  return code === 'OAUTH_TIMEOUT' || (fault instanceof TypeError && fault.message === 'fetch failed');
}

const MOST_WHY = 300;

/** The messages of a fault and its causes, with what they say is wrong; they quote no token. */
export function whyOf(fault: unknown): string {
  const said: string[] = [];
  let at: unknown = fault;
  for (let depth = 0; depth < 4 && typeof at === 'object' && at !== null; depth++) {
    const { message, error, claim, reason, cause } = at as Record<string, unknown>;
    for (const one of [message, error, claim, reason])
      if (typeof one === 'string' && one !== '' && !said.includes(one)) said.push(one);
    if (at instanceof AwayFault) break; // it has said why
    at = cause;
  }
  return said
    .join(': ')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MOST_WHY);
}
