/** Asks the API: by the session's cookie, or by a token that lives in memory alone. */
import type { Brought, Live, Who } from './shapes.ts';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** What the API refuses. */
export class ApiFault extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export interface Said<T> {
  readonly value: T;
  readonly etag: string;
}

export class Api {
  #token: string | undefined;
  #csrf: string | undefined;
  readonly #lost: () => void;

  /** @param lost the session has ended */
  constructor(lost: () => void) {
    this.#lost = lost;
  }

  async me(token?: string): Promise<Who> {
    this.#token = token;
    return this.#known((await this.#ask<Who>('/me', {}, false)).value);
  }

  async needsSetup(): Promise<boolean> {
    return (await this.#ask<{ needed: boolean }>('/setup', {}, false)).value.needed;
  }

  async login(name: string, password: string, code?: string): Promise<Who> {
    const body = { name, password, ...(code ? { code } : {}) };
    return this.#known((await this.#ask<Who>('/login', { method: 'POST', body }, false)).value);
  }

  /** What the button to a provider says; null: there is none. */
  async provider(): Promise<string | null> {
    return (await this.#ask<{ oidc: string | null }>('/login', {}, false)).value.oidc;
  }

  /** @param again for who is logged in, and has to prove himself anew @returns where the browser is to go: it comes back to /login/oidc */
  async beginByProvider(again: boolean): Promise<string> {
    const said = { method: 'POST', body: again ? { again } : {} };
    return (await this.#ask<{ url: string }>('/login/oidc', said, false)).value.url;
  }

  async comeFromProvider(body: Brought): Promise<Who> {
    return this.#known((await this.#ask<Who>('/login/oidc/finish', { method: 'POST', body }, false)).value);
  }

  async setUp(link: string, name: string, password: string): Promise<Who> {
    const body = { link, name, password };
    return this.#known((await this.#ask<Who>('/setup', { method: 'POST', body }, false)).value);
  }

  /** Says the password once more, which what is dangerous asks for. */
  async again(password: string, code?: string): Promise<void> {
    const body = { password, ...(code ? { code } : {}) };
    this.#known((await this.#ask<Who>('/login/again', { method: 'POST', body }, false)).value);
  }

  /** @returns where the session at the provider is ended, too; null: there is nothing to end */
  async logout(): Promise<string | null> {
    const isSession = this.#token === undefined;
    const said = isSession
      ? await this.#ask<{ url: string | null }>('/logout', { method: 'POST' })
      : undefined;
    this.#token = undefined;
    this.#csrf = undefined;
    return said?.value.url ?? null;
  }

  async get<T>(path: string): Promise<Said<T>> {
    return this.#ask<T>(path);
  }

  /** @param seen the tag of what the operator saw: 412 when it has changed since */
  async change<T>(method: string, path: string, seen: string, body?: object): Promise<Said<T>> {
    return this.#ask<T>(path, { method, etag: seen, ...(body && { body }) });
  }

  /** A file, with the name that the server gives it. */
  async download(path: string, body: object): Promise<{ readonly name: string; readonly bytes: Blob }> {
    const response = await this.#fetch(path, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { ...this.#headers(), 'Content-Type': 'application/json' },
    });
    const [, name = 'moat.backup'] =
      /filename="([\w.-]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? [];
    return { name, bytes: await response.blob() };
  }

  async upload<T>(path: string, bytes: Blob): Promise<T> {
    const headers = { ...this.#headers(), 'Content-Type': 'application/octet-stream' };
    const response = await this.#fetch(path, { method: 'POST', body: bytes, headers });
    return (await response.json()) as T;
  }

  /** @throws {ApiFault} */
  async #fetch(path: string, how: RequestInit): Promise<Response> {
    const response = await fetch(`/api/v1${path}`, { ...how, credentials: 'same-origin', redirect: 'error' });
    if (response.ok) return response;
    if (response.status === 401) this.#lost();
    const text = await response.text();
    const unknown = { status: response.status, code: 'no-answer', detail: response.statusText };
    throw new ApiFault(text === '' ? unknown : JSON.parse(text));
  }

  /** The program as it is, whenever something has changed; ends with the connection. */
  async *watch(signal: AbortSignal): AsyncGenerator<Live> {
    let picture: unknown;
    for await (const { name, data } of this.events('/events', signal)) {
      picture = patched(name === 'delta' ? picture : undefined, data);
      yield picture as Live;
    }
  }

  /** Server-sent events, until the connection ends. */
  async *events(
    path: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
    const response = await fetch(`/api/v1${path}`, { headers: this.#headers(), signal });
    if (response.status === 401) this.#lost();
    if (!response.ok || !response.body) throw new Error(`${response.status}`);
    let text = '';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const [, name = '', data] = /^event: (\w+)\ndata: (.*)$/m.exec(event) ?? [];
        if (data !== undefined) yield { name, data: JSON.parse(data) };
      }
    }
  }

  #known(who: Who): Who {
    this.#csrf = who.csrf;
    return who;
  }

  #headers(): Record<string, string> {
    return {
      ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
      ...(this.#csrf !== undefined && { 'X-Moat-Csrf': this.#csrf }),
    };
  }

  async #ask<T>(
    path: string,
    { method = 'GET', etag, body }: { method?: string; etag?: string; body?: object } = {},
    tellsLoss = true,
  ): Promise<Said<T>> {
    const response = await fetch(`/api/v1${path}`, {
      method,
      headers: {
        ...this.#headers(),
        ...(body && { 'Content-Type': 'application/json' }),
        ...(etag !== undefined && { 'If-Match': etag, 'Idempotency-Key': crypto.randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
      credentials: 'same-origin',
      redirect: 'error',
    });
    const text = await response.text();
    const value = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return { value, etag: response.headers.get('etag') ?? '' };
    if (response.status === 401 && tellsLoss) this.#lost();
    throw new ApiFault(value ?? { status: response.status, code: 'no-answer', detail: response.statusText });
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A merge patch (RFC 7396) put on a value; what has not changed stays the same object. */
export function patched(before: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const now = new Map(isMap(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(patch))
    if (value === null) now.delete(name);
    else now.set(name, patched(now.get(name), value));
  return Object.fromEntries(now);
}
