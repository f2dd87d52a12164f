/** Route of what would become of a request: the twin of `moat explain`. */
import { z } from 'zod';
import { refuse } from '../refusal.ts';
import { defineRoute, word } from './route.ts';

const FIELD = z.strictObject({
  name: z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,128}$/),
  value: z
    .string()
    .max(8192)
    .regex(/^[\t\x20-\x7e\x80-\xff]*$/),
});

const explain = defineRoute({
  ...{ method: 'POST', path: '/api/v1/explain', role: 'operator', scope: 'l7' },
  summary:
    'What would become of a request by the configuration in force and what was commanded beside it: listener, server, location, each phase, pool and members, or the answer. Nothing is sent, and nothing is counted.',
  body: z.strictObject({
    url: word(4096)
      .regex(/^https?:\/\/[\x21-\x7e]+$/)
      .describe('Scheme and port choose the listener.'),
    method: z
      .string()
      .regex(/^[A-Z]{1,32}$/)
      .default('GET'),
    headers: z.array(FIELD).max(64).default([]),
    clientAddress: z.union([z.ipv4(), z.ipv6()]).optional().describe('127.0.0.1 if absent.'),
  }),
  reply: z.strictObject({
    steps: z.array(
      z.strictObject({
        what: z.string().describe('listener, server, location, phase, content, pool, member, answer, or log'),
        text: z.string(),
        site: z.strictObject({ file: z.string(), line: z.int() }).optional(),
      }),
    ),
  }),
  async handle({ desk, body: { headers, ...question } }) {
    const fields = headers.map(({ name, value }) => [name, value] as const);
    try {
      return { body: { steps: await desk.read('explain', { ...question, headers: fields }) } };
    } catch (fault) {
      const { message, data } = fault as Error & { readonly data?: { readonly status: number } };
      if (data?.status === 409) throw refuse(422, 'no-way', message); // nothing listens there, say
      throw fault;
    }
  },
});

export const EXPLAIN = [explain];
