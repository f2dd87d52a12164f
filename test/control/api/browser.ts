/** A browser as the API sees one: it keeps its cookie, and says the field that changes need. */
import assert from 'node:assert/strict';
import type { Answer, Rig, Role, Said } from './api-rig.ts';

export const PASSWORD = 'a long enough password';

export class Browser {
  readonly #rig: Rig;
  readonly name: string;
  password: string;
  /** NAME=VALUE */
  cookie = '';
  csrf = '';
  /** Set-Cookie as it came last. */
  field = '';

  constructor(rig: Rig, name: string, password = PASSWORD) {
    this.#rig = rig;
    this.name = name;
    this.password = password;
  }

  /** Somebody new of this role, logged in. */
  static async of(rig: Rig, role: Role, name: string = role): Promise<Browser> {
    const { status, stderr } = rig.tell(`${PASSWORD}\n`, 'user', 'add', name, '--role', role);
    assert.equal(status, 0, stderr);
    const browser = new Browser(rig, name);
    assert.equal((await browser.login()).status, 200);
    return browser;
  }

  async call(path: string, said: Said = {}): Promise<Answer> {
    const headers = { ...(this.cookie !== '' && { cookie: this.cookie, 'x-moat-csrf': this.csrf }) };
    const answer = await this.#rig.call(path, { ...said, headers: { ...headers, ...said.headers } });
    this.#keep(answer);
    return answer;
  }

  login(code?: string): Promise<Answer> {
    return this.post('/api/v1/login', { name: this.name, password: this.password, code });
  }

  post(path: string, body?: object): Promise<Answer> {
    return this.call(path, { method: 'POST', ...(body && { body }) });
  }

  #keep({ headers, body }: Answer): void {
    const [field] = headers['set-cookie'] ?? [];
    if (field === undefined) return;
    this.field = field;
    this.cookie = field.split(';')[0]!;
    this.csrf = body?.csrf ?? body?.who?.csrf ?? '';
  }
}
