/** Finds the route of a request: by whole segments, decoded once. */
import { Refusal, refuse } from '../refusal.ts';
import type { Method, Route } from './route.ts';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const MOST_TARGET = 4096;

interface Row {
  readonly route: Route;
  readonly segments: readonly string[];
}

export interface Target {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** @param target of the request line @throws {Refusal} 400, 414 for what is no path of ours */
export function readTarget(target: string): Target {
  if (target.length > MOST_TARGET) throw refuse(414, 'too-long', `take at most ${MOST_TARGET} characters`);
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  if (!path.startsWith('/')) throw refuse(400, 'target', 'the target is no path');
  return { segments: path.slice(1).split('/').map(decoded), query: new URLSearchParams(query) };
}

function decoded(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    if (/\p{Cc}/u.test(text)) throw new URIError('a control character');
    return text;
  } catch (fault) {
    throw refuse(400, 'target', `the path is malformed: ${(fault as Error).message}`);
  }
}

export class Router {
  readonly #rows: readonly Row[];

  constructor(routes: readonly Route[]) {
    this.#rows = routes.map(route => ({ route, segments: route.path.slice(1).split('/') }));
  }

  /** @throws {Refusal} 404, or 405 with what is allowed */
  find(method: string, segments: readonly string[]): Match {
    const fitting = this.#rows.filter(row => fits(row, segments));
    const wanted = method === 'HEAD' ? 'GET' : method;
    const row = fitting.find(({ route }) => route.method === wanted);
    if (row) return { route: row.route, params: paramsOf(row, segments) };
    if (fitting.length === 0) throw refuse(404, 'not-found', 'there is nothing at this path');
    const allowed = fitting.map(({ route }): Method => route.method).join(', ');
    throw new Refusal({
      ...{ status: 405, code: 'method', detail: `this takes ${allowed}` },
      headers: { Allow: allowed },
    });
  }
}

const isName = (segment: string): boolean => segment.startsWith('{');

const fits = ({ segments: own }: Row, segments: readonly string[]): boolean =>
  own.length === segments.length &&
  own.every((segment, at) => (isName(segment) ? segments[at] !== '' : segment === segments[at]));

const paramsOf = ({ segments: own }: Row, segments: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    own.flatMap((segment, at) => (isName(segment) ? [[segment.slice(1, -1), segments[at]!]] : [])),
  );
