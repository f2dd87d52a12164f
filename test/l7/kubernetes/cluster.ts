/** An API server of Kubernetes as its documents tell of it: lists in parts, watches from a version, bookmarks, 410, and kinds that it does not know. */
import type { ServerResponse } from 'node:http';
import { type Answering, sendJson } from '../discovery/api-server.ts';
import type { Manifest } from './manifests.ts';

const API = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)$/;

interface Watch {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly labels: string | undefined;
  readonly response: ServerResponse;
}

export class Cluster {
  /** By kind, then by `namespace/name`. */
  readonly #objects = new Map<string, Map<string, Manifest>>();
  #version = 100;
  /** Versions before are forgotten. */
  #oldest = 0;
  readonly #events: {
    readonly version: number;
    readonly kind: string;
    readonly type: string;
    readonly object: Manifest;
  }[] = [];
  #watches: Watch[] = [];
  /** Kinds that are not known, and those that may not be read. */
  readonly unknown = new Set<string>();
  readonly forbidden = new Set<string>();
  token: string | undefined;
  /** Objects in a part of a list, at most. */
  part = 2;
  /** Each `kind` that was listed, in order. */
  readonly listed: string[] = [];

  put(...objects: Manifest[]): void {
    for (const object of objects) {
      const kind = pluralOf(object);
      const of = this.#objects.get(kind) ?? new Map<string, Manifest>();
      this.#objects.set(kind, of);
      const type = of.has(idOf(object)) ? 'MODIFIED' : 'ADDED';
      const stored = this.#stamped(object);
      of.set(idOf(object), stored);
      this.#tell(kind, type, stored);
    }
  }

  remove(object: Manifest): void {
    const kind = pluralOf(object);
    this.#objects.get(kind)?.delete(idOf(object));
    this.#tell(kind, 'DELETED', this.#stamped(object));
  }

  /** All watches end, and can only begin anew with a list. */
  forget(): void {
    this.#version++;
    this.#oldest = this.#version;
    for (const { response } of this.#watches.splice(0)) response.end();
  }

  bookmark(): void {
    this.#version++;
    for (const { response } of this.#watches)
      response.write(
        `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: `${this.#version}` } } })}\n`,
      );
  }

  get watches(): readonly Watch[] {
    return this.#watches;
  }

  #stamped(object: Manifest): Manifest {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version}` } };
  }

  #tell(kind: string, type: string, object: Manifest): void {
    this.#events.push({ version: this.#version, kind, type, object });
    for (const watch of this.#watches)
      if (watch.kind === kind && fits(object, watch))
        watch.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  readonly answer: Answering = ({ path, query, headers }, response) => {
    const [, , namespace, kind = ''] = API.exec(path) ?? [];
    const refuse = (code: number, message: string) =>
      void response
        .writeHead(code, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ kind: 'Status', status: 'Failure', message, code }));
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`)
      return refuse(401, 'Unauthorized');
    if (this.unknown.has(kind)) return refuse(404, 'the server could not find the requested resource');
    if (this.forbidden.has(kind)) return refuse(403, `${kind} is forbidden`);
    const labels = query.get('labelSelector') ?? undefined;
    if (query.get('watch')) return this.#watch({ kind, namespace, labels, response }, query);
    const all = [...(this.#objects.get(kind)?.values() ?? [])].filter(one =>
      fits(one, { namespace, labels }),
    );
    const from = Number(query.get('continue') ?? 0);
    if (from === 0) this.listed.push(kind);
    const end = from + Math.min(this.part, Number(query.get('limit')));
    const more = end < all.length ? { continue: `${end}` } : {};
    sendJson(response, {
      kind: 'List',
      metadata: { resourceVersion: `${this.#version}`, ...more },
      items: all.slice(from, end),
    });
  };

  #watch(watch: Watch, query: URLSearchParams): void {
    const { response } = watch;
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    if (from < this.#oldest) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      return void response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    for (const { version, kind, type, object } of this.#events)
      if (version > from && kind === watch.kind && fits(object, watch))
        response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.push(watch);
    response.on('close', () => {
      this.#watches = this.#watches.filter(one => one !== watch);
    });
  }
}

const idOf = ({ metadata: { namespace = '', name } }: Manifest) => `${namespace}/${name}`;

/** `gatewayclasses`, `ingresses`, `httproutes`. */
const pluralOf = ({ kind }: Manifest) => {
  const name = kind.toLowerCase();
  return /s$/.test(name) ? `${name}es` : `${name}s`;
};

function fits({ metadata }: Manifest, { namespace, labels }: Partial<Watch>): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (labels === undefined) return true;
  const [key = '', value] = labels.split('=');
  return metadata.labels?.[key] === value;
}
