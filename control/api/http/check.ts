/** Holds what a request brings against the schemas of its route. */
import { z } from 'zod';
import { type Flaw, Refusal, refuse } from '../refusal.ts';
import type { Route } from '../route/route.ts';
import { asBytes } from './bytes.ts';

const MOST_FLAWS = 16;
const MOST_MESSAGE = 200;

const NOTHING = z.strictObject({});

/** @throws {Refusal} 400 for path and query, 422 for a body, with every flaw */
export function checkParts(
  { params: paramSchema = NOTHING, query: querySchema = NOTHING, body: bodySchema }: Route,
  params: Readonly<Record<string, string>>,
  query: URLSearchParams,
  body: { readonly value: unknown } | undefined,
) {
  if (body && !bodySchema) throw refuse(400, 'invalid', 'this takes no body');
  return {
    params: check(paramSchema, asBytes(params), { status: 400, what: 'the path', at: dotted }),
    query: check(querySchema, singles(query), { status: 400, what: 'the query', at: dotted }),
    body: bodySchema && check(bodySchema, body?.value, { status: 422, what: 'the body', at: pointer }),
  };
}

type Path = readonly PropertyKey[];

/** RFC 6901 */
const pointer = (path: Path): string =>
  path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
const dotted = (path: Path): string => path.map(String).join('.');

interface How {
  readonly status: number;
  readonly what: string;
  readonly at: (path: Path) => string;
}

function check(schema: z.ZodType, value: unknown, { status, what, at }: How): unknown {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const flaws = error.issues
    .slice(0, MOST_FLAWS)
    .map(({ path, message }): Flaw => ({ at: at(path), message: message.slice(0, MOST_MESSAGE) }));
  throw new Refusal({ status, code: 'invalid', detail: `${what} does not fit`, flaws });
}

/** @throws {Refusal} when a name stands there twice: which one counts would be anybody's guess */
function singles(query: URLSearchParams): unknown {
  const found = new Map<string, string>();
  for (const [name, value] of query) {
    if (found.has(name)) throw refuse(400, 'twice', `the query has "${asBytes(name.slice(0, 64))}" twice`);
    found.set(name, value);
  }
  return asBytes(Object.fromEntries(found));
}
