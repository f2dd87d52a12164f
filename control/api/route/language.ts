/** Route of the configuration's language, for editors: the tables that check it and make its manual. */
import { z } from 'zod';
import { asBytes } from '../http/bytes.ts';
import { defineRoute } from './route.ts';

const BLOCK = z.string().describe('A block; if in a server is server-if, if in a location is location-if.');
const WORD = z.strictObject({
  name: z.string().describe('Of a param or a word as it is written; of the others a name for people.'),
  standing: z
    .enum(['one', 'optional', 'rest', 'param', 'word'])
    .describe('In its place, the last ones optional; all that are left; NAME=VALUE or NAME anywhere.'),
  says: z.string().describe('What it takes: "a size".'),
  choices: z.array(z.string()).describe('All that it may be; empty where that is no list.'),
  text: z.string().optional(),
});

const language = defineRoute({
  ...{ method: 'GET', path: '/api/v1/config/language', role: 'viewer', scope: 'config' },
  summary:
    'The language of the configuration, for editors: directives, where each may stand, its words and what they do, and variables. It is made from the tables that check configurations.',
  reply: z.strictObject({
    directives: z.array(
      z.strictObject({
        name: z.string(),
        syntax: z.string(),
        default: z.string().optional(),
        context: z.array(BLOCK),
        block: z.string().optional().describe('The one that it opens; rows: lines that are no directives.'),
        repeats: z.boolean(),
        words: z.array(WORD),
        summary: z.string(),
        example: z.string(),
        differs: z.string().optional().describe('From the directive of nginx of this name.'),
      }),
    ),
    variables: z.array(
      z.strictObject({
        name: z.string(),
        text: z.string(),
        isFamily: z.boolean().describe('More follows on the name.'),
      }),
    ),
    contexts: z.record(z.string(), z.string()).describe('How one speaks of a block.'),
  }),
  handle: async ({ desk }) => ({ body: asBytes(await desk.language()) }),
});

export const LANGUAGE = [language];
