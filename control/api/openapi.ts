/** The route table as OpenAPI 3.1: from the same schemas that check requests. */
import { z } from 'zod';
import { MOAT_VERSION } from '../version.ts';
import type { Route } from './route/route.ts';

const PROBLEM = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable, for programs.'),
    detail: z.string().describe('For people.'),
    errors: z.array(z.strictObject({ at: z.string(), message: z.string() })).optional(),
  })
  .describe('Problem details (RFC 9457).');

type Schema = Record<string, unknown>;

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  });
  return rest;
}

function parametersOf(place: 'path' | 'query', fields: z.ZodObject | undefined) {
  if (!fields) return [];
  const { properties = {}, required = [] } = schemaOf(fields, 'input') as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: place, required: place === 'path' || required.includes(name), schema },
    ...(description !== undefined && { description }),
  }));
}

const CHANGE_FIELDS = [
  {
    ...{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } },
    description: 'The ETag of what was seen, or *.',
  },
  {
    ...{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string' } },
    description: 'Of a change that is sent again: it is done once.',
  },
];

function answersOf(route: Route) {
  const { status = 200, reply } = route;
  const { contentType = 'application/json' } = reply.meta() ?? {};
  const content = { [String(contentType)]: { schema: schemaOf(reply, 'output') } };
  return {
    [status]: { description: 'As it was meant.', ...(status !== 204 && { content }) },
    default: {
      description: 'It was not done.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  };
}

const BYTES = { type: 'string', format: 'binary' };

const NEEDS = {
  session: ', and a session',
  'fresh-session': ', and a session whose password was given within five minutes',
} as const;

function operationOf(route: Route) {
  const { summary, role, scope, params, query, body, changes, needs, takesBytes } = route;
  return {
    summary,
    description: role === 'public' ? 'Needs nobody.' : `Needs the role ${role}${needs ? NEEDS[needs] : ''}.`,
    tags: [scope ?? 'status'],
    'x-role': role,
    ...(scope && { 'x-scope': scope }),
    security: role === 'public' ? [] : [...(needs ? [] : [{ token: [] }]), { session: [] }],
    parameters: [
      ...parametersOf('path', params),
      ...parametersOf('query', query),
      ...(changes ? CHANGE_FIELDS : []),
    ],
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    ...(takesBytes && {
      requestBody: { required: true, content: { 'application/octet-stream': { schema: BYTES } } },
    }),
    responses: answersOf(route),
  };
}

export function openApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: { title: 'moat', version: MOAT_VERSION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-moat-8470' },
      },
      schemas: { Problem: schemaOf(PROBLEM, 'output') },
    },
    paths,
  };
}
