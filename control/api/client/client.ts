/** A client of the API with types: pages, tags, repeats and events are its matter. It needs nothing but fetch(). */
import { randomUUID } from 'node:crypto';
import type { ClusterFigures, InstanceFigures } from '#cluster';
import type { CommandedState, ServiceFigures } from '#l4';
import type { StatusReport } from '../../status/report.ts';
import type { Json } from '../feed/merge-patch.ts';
import type { Problem } from '../http/problem.ts';
import type { OneRevision, RevisionItem, ShownConfig, ShownDiff, TriedConfig } from '../route/config.ts';
import type { Flow, OneReal, ServiceSummary } from '../route/l4.ts';
import type { ShownBan } from '../route/waf.ts';
import { pictures } from './pictures.ts';

/** What the API refuses. */
export class ApiFault extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** A thing, and the tag that a change of it has to name. */
export interface Tagged<T> {
  readonly value: T;
  readonly etag: string;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** A part of the traffic tries it first; see the route. */
export interface CanaryHow {
  readonly lengthS: number;
  readonly sharePercent?: number;
  readonly errorsPercent?: number;
  readonly latencyMs?: number;
  readonly factor?: number;
  readonly leastRequests?: number;
  readonly few?: 'abandon' | 'apply';
}

export interface ApplyHow {
  /** Goes back by itself unless it is confirmed in so many seconds. */
  readonly confirmS?: number;
  readonly overDrift?: boolean;
}

type Query = Readonly<Record<string, string | number | undefined>>;

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

const realPath = (service: string, real: string): string =>
  `/l4/services/${encodeURIComponent(service)}/reals/${encodeURIComponent(real)}`;

export class ApiClient {
  readonly #base: string;
  readonly #token: string;

  /** @param url `http://127.0.0.1:8470` */
  constructor(url: string, token: string) {
    this.#base = `${url}/api/v1`;
    this.#token = token;
  }

  async status(): Promise<StatusReport> {
    return (await this.#get<StatusReport>('/status')).value;
  }

  services(): AsyncGenerator<ServiceSummary> {
    return this.#all('/l4/services');
  }

  async service(name: string): Promise<ServiceFigures> {
    return (await this.#get<ServiceFigures>(`/l4/services/${encodeURIComponent(name)}`)).value;
  }

  connections(only: { readonly virtual?: string; readonly real?: string; readonly client?: string } = {}) {
    return this.#all<Flow>('/l4/connections', only);
  }

  real(service: string, name: string): Promise<Tagged<OneReal>> {
    return this.#get(realPath(service, name));
  }

  /** @param seen as real() gave it @throws {ApiFault} 412 when it has changed since */
  changeReal(
    seen: Tagged<OneReal>,
    change: {
      readonly state?: CommandedState | null;
      readonly health?: 'up' | 'down' | null;
      readonly weight?: number | null;
    },
  ): Promise<Tagged<OneReal>> {
    const { service, name } = seen.value;
    return this.#change('PATCH', realPath(service, name), seen.etag, change);
  }

  async cluster(): Promise<ClusterFigures> {
    return (await this.#get<ClusterFigures>('/cluster')).value;
  }

  instance(name: string): Promise<Tagged<InstanceFigures>> {
    return this.#get(`/cluster/vrrp/${encodeURIComponent(name)}`);
  }

  failover(seen: Tagged<InstanceFigures>): Promise<Tagged<InstanceFigures>> {
    const path = `/cluster/vrrp/${encodeURIComponent(seen.value.name)}/failover`;
    return this.#change('POST', path, seen.etag);
  }

  bans(zone?: string): AsyncGenerator<ShownBan> {
    return this.#all('/waf/bans', { zone });
  }

  async ban(key: string, how: { readonly zone?: string; readonly lengthS?: number } = {}): Promise<void> {
    await this.#change('POST', '/waf/bans', '*', { key, ...how });
  }

  async unban(zone: string, key: string): Promise<void> {
    await this.#change('DELETE', `/waf/bans/${encodeURIComponent(zone)}/${encodeURIComponent(key)}`, '*');
  }

  config(): Promise<Tagged<ShownConfig>> {
    return this.#get('/config');
  }

  /** Whether files are sound, and what they would change. */
  async tryConfig(files: readonly ConfigFile[]): Promise<TriedConfig> {
    const init = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ files }) };
    return (await tagged<TriedConfig>(await this.#ask('/config/validate', init))).value;
  }

  /** With a canary it has begun when it is answered; config() tells the rest. @param seen as config() gave it @throws {ApiFault} 412 when another is in force by now, 422 when it is faulty */
  applyConfig(
    seen: Tagged<ShownConfig>,
    files: readonly ConfigFile[],
    how: ApplyHow & { readonly message: string; readonly canary?: CanaryHow },
  ): Promise<Tagged<ShownConfig>> {
    return this.#change('POST', '/config/apply', seen.etag, { files, ...how });
  }

  confirmConfig(seen: Tagged<ShownConfig>): Promise<Tagged<ShownConfig>> {
    return this.#change('POST', '/config/confirm', seen.etag);
  }

  /** Without an id, what is unconfirmed is taken back. */
  rollbackConfig(
    seen: Tagged<ShownConfig>,
    how: ApplyHow & { readonly id?: number; readonly message?: string } = {},
  ): Promise<Tagged<ShownConfig>> {
    return this.#change('POST', '/config/rollback', seen.etag, how);
  }

  revisions(): AsyncGenerator<RevisionItem> {
    return this.#all('/config/revisions');
  }

  async revision(id: number): Promise<OneRevision> {
    return (await this.#get<OneRevision>(`/config/revisions/${id}`)).value;
  }

  async diffConfig(from: number | 'force' | 'disk', to: number | 'force' | 'disk'): Promise<ShownDiff> {
    return (await this.#get<ShownDiff>('/config/diff', { from, to })).value;
  }

  /** The program as it is, whenever something has changed; ends with the connection, or the signal. */
  async *watch(signal?: AbortSignal): AsyncGenerator<Json> {
    const response = await this.#ask('/events', { ...(signal && { signal }) });
    if (response.body) yield* pictures(response.body);
  }

  async *#all<T>(path: string, query: Query = {}): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const { value }: Tagged<Page<T>> = await this.#get(path, { ...query, cursor });
      yield* value.items;
      cursor = value.next;
    } while (cursor !== undefined);
  }

  async #get<T>(path: string, query: Query = {}): Promise<Tagged<T>> {
    const words = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, `${value}`]],
    );
    const search = words.length > 0 ? `?${new URLSearchParams(words)}` : '';
    return tagged(await this.#ask(`${path}${search}`));
  }

  /** A change whose answer gets lost is sent once more, by the same key. */
  async #change<T>(method: string, path: string, etag: string, body?: object): Promise<Tagged<T>> {
    const headers = {
      ...{ 'If-Match': etag, 'Idempotency-Key': randomUUID() },
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const what = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const isLost = (fault: unknown) => !(fault instanceof ApiFault);
    return tagged(
      await this.#ask(path, what).catch(fault => {
        if (!isLost(fault)) throw fault;
        return this.#ask(path, what);
      }),
    );
  }

  /** @throws {ApiFault} */
  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, Authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#base}${path}`, { ...init, headers, redirect: 'error' });
    if (response.ok) return response;
    throw new ApiFault((await response.json()) as Problem);
  }
}

async function tagged<T>(response: Response): Promise<Tagged<T>> {
  const text = await response.text();
  const value: T = text === '' ? undefined : JSON.parse(text);
  return { value, etag: response.headers.get('etag') ?? '' };
}
