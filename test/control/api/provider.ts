/** A provider's process as a test has it, and a user who logs in there by its pages. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { KeyAndCertificate } from '../../../control/x509/self-signed.ts';

/** What is wrong with its ID tokens; `soundly`: the same groups as in the others, and nothing is. */
export type Twist =
  | ('soundly' | 'altered' | 'none' | 'hs256' | 'other-key' | 'expired' | 'future' | 'other-client')
  | ('two-audiences' | 'other-party' | 'other-issuer' | 'other-nonce' | 'no-nonce');

export interface ProviderSetup {
  readonly issuer: string;
  readonly redirectUri: string;
  readonly secret: string;
  readonly tls: KeyAndCertificate;
  /** Private, with a kid. */
  readonly key: webcrypto.JsonWebKey;
  readonly groupsAt: 'userinfo' | 'token';
  /** Where browsers may come back to after a logout; undefined: it ends no sessions. */
  readonly backFromLogout?: string;
}

const ENTRY = fileURLToPath(new URL('./provider-process.ts', import.meta.url));

export class Provider implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async start(setup: ProviderSetup): Promise<Provider> {
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'], // it warns of what is for development alone
    });
    const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    assert.equal(said, 'ready');
    return new Provider(child);
  }

  async answer(how: Twist | 'straight'): Promise<void> {
    this.#process.send(how);
    await once(this.#process, 'message');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}

const MOST_STEPS = 20;

/** A browser at the provider: it keeps cookies, follows where it is sent, and fills in forms. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  readonly name: string;
  /** How often he was asked who he is. */
  logins = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** @returns where the provider sends him back to */
  async visit(start: string, home: string): Promise<URL> {
    let next = start;
    let form: Record<string, string> | undefined;
    for (let step = 0; step < MOST_STEPS; step++) {
      const response = await this.#ask(next, form);
      const location = response.headers.get('location');
      form = undefined;
      if (location !== null) next = new URL(location, next).href;
      else {
        const text = await response.text();
        const [, action] = /<form[^>]* action="([^"]+)"/.exec(text) ?? [];
        assert.ok(action !== undefined, `no form: ${response.status} ${text.slice(0, 2000)}`);
        next = new URL(action, next).href;
        form = this.#fill(text);
      }
      if (next.startsWith(home)) return new URL(next);
    }
    throw new Error(`he is sent on and on: ${next}`);
  }

  #fill(text: string): Record<string, string> {
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(text) ?? [];
    if (xsrf !== undefined) return { xsrf, logout: 'yes' };
    if (!/name="login"/.test(text)) return { prompt: 'consent' };
    this.logins++;
    return { prompt: 'login', login: this.name, password: 'any' };
  }

  async #ask(url: string, form: Record<string, string> | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
      ...{ headers: { cookie }, redirect: 'manual' },
    });
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(field)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}
