/** Routes of logs: which there are, their lines by field, and lines as they come. */
import { z } from 'zod';
import { FilterFault, filterOf } from '../../logs/filter.ts';
import { LOG_KINDS } from '../../logs/log-files.ts';
import { placeOf } from '../../logs/search.ts';
import { cursorOf, keyOfCursor } from '../page.ts';
import { Refusal, refuse } from '../refusal.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/logs' as const;
/** Addresses of people and what they asked for: for who works with it. */
const WHO = { role: 'operator', scope: 'logs' } as const;
const DEFAULT_LINES = 100;
const MOST_LINES = 1000;

const LINE = z.strictObject({
  id: z.string(),
  text: z.string().describe('As it was written; of more than 16 KiB the beginning.'),
  fields: z.record(z.string(), z.string()).describe("By the names of nginx's variables."),
});

/** The most usual conditions have names. */
const CONDITIONS = {
  status: word(64).optional().describe('404, 5xx, 400-499, or several with commas.'),
  client: word(64).optional().describe('An address, a network, or a part of it.'),
  path: word(512).optional().describe('What stands in the path or the query.'),
  host: word(256).optional(),
  method: word(32).optional(),
  requestId: word(64).optional(),
  level: word(16).optional().describe('Of an error log.'),
  text: word(512).optional().describe('What stands anywhere in the line.'),
  field: word(600)
    .optional()
    .describe('Any other: NAME=PART, NAME==VALUE, NAME!=PART, NAME>NUMBER, NAME<NUMBER.'),
};
const FILE = word(4096).optional().describe('Its path; without it, the first log.');

type Said = { readonly [K in keyof typeof CONDITIONS]?: string | undefined };

/** @throws {Refusal} 400 */
function conditionsOf({ field, requestId, ...named }: Said): string[] {
  const conditions = Object.entries({ ...named, request_id: requestId }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const all = [...conditions, ...(field === undefined ? [] : [field])];
  try {
    filterOf(all);
    return all;
  } catch (fault) {
    if (fault instanceof FilterFault) throw refuse(400, 'invalid', fault.message);
    throw fault;
  }
}

const files = defineRoute({
  ...{ method: 'GET', path: AT, ...WHO },
  summary:
    'The logs that are written into files, as far as they may be shown: who may read them as anybody on this machine, or they lie in the folder of logs.',
  reply: z.strictObject({
    items: z.array(
      z.strictObject({
        path: z.string(),
        kind: z.enum(LOG_KINDS),
        format: z.string().optional(),
        bytes: z.int(),
      }),
    ),
  }),
  handle: async ({ desk }) => ({ body: { items: await desk.read('logs', undefined) } }),
});

const lines = defineRoute({
  ...{ method: 'GET', path: `${AT}/lines`, ...WHO },
  summary:
    'Lines of a log that fulfil all conditions, the newest first, of the file before it, too (.1). A page looks at 32 MiB at most: it may be short, or empty, and have a next one.',
  query: z.strictObject({
    ...CONDITIONS,
    file: FILE,
    limit: z.coerce.number().int().min(1).max(MOST_LINES).default(DEFAULT_LINES),
    cursor: word(1024).optional().describe('`next` of the page before.'),
  }),
  reply: z.strictObject({
    items: z.array(LINE),
    next: z.string().optional(),
    readBytes: z.int().describe('How much was looked at.'),
  }),
  async handle({ desk, query: { file, limit, cursor, ...said } }) {
    const before = keyOfCursor(cursor);
    if (before !== undefined && !placeOf(before))
      throw new Refusal({ status: 400, code: 'invalid', detail: 'the cursor is malformed' });
    const conditions = conditionsOf(said);
    const {
      lines: items,
      next,
      readBytes,
    } = await desk.read('log-lines', { file, conditions, lines: limit, before });
    return { body: { items, next: next && cursorOf(next), readBytes } };
  },
});

const stream = defineRoute({
  ...{ method: 'GET', path: `${AT}/stream`, ...WHO },
  summary:
    'Lines as they come, once a second as server-sent events: `lines` with items and isCut (more came than are shown), `fault`. 16 may listen.',
  query: z.strictObject({ ...CONDITIONS, file: word(4096).describe('Its path.') }),
  reply: z.any().meta({ contentType: 'text/event-stream' }),
  handle: async ({ follow, query: { file, ...said } }) => ({
    stream: follow({ file, conditions: conditionsOf(said) }),
  }),
});

export const LOGS = [files, lines, stream];
