/** Routes of the configuration: what is in force, what was, and the ways from one to the next. */
import { z } from 'zod';
import { CANARY_OUTCOMES } from '../../canary/keeper.ts';
import { CANARY_BOUNDS, CANARY_DEFAULTS, FEW_CHOICES } from '../../canary/plan.ts';
import type { Which } from '../desk/questions.ts';
import { cursorOf, keyOfCursor, PAGE, pageOf } from '../page.ts';
import { Refusal } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const AT = '/api/v1/config' as const;
const MOST_TEXT_BYTES = 1 << 20;
const BODY_BYTES = 4 << 20;
const MOST_FILES = 64;
const MOST_CONFIRM_S = 24 * 3600;
const MOST_FLAWS = 16;
const ADMIN = { role: 'admin', scope: 'config' } as const;

const TEXTS = z.array(z.strictObject({ path: z.string(), text: z.string() }));
const SIDE = z.strictObject({
  requests: z.int(),
  failed: z.int().describe('Answered with 5xx.'),
  slowestMs: z.number().optional().describe('95 of 100 took at most so long.'),
});
const CANARY_STATE = z.strictObject({
  who: z.string(),
  startedMs: z.number(),
  endsMs: z.number(),
  sharePercent: z.number(),
  revision: z.int().describe('What was in force when it began.'),
  pid: z.int(),
  old: SIDE.describe('What the others have done since it began.'),
  fresh: SIDE.describe('What it has done.'),
  outcome: z
    .enum(CANARY_OUTCOMES)
    .optional()
    .describe(
      'Absent while it runs. few: too few requests to tell; stopped: by somebody, or by another change; refused: it was well, and could not be brought into force.',
    ),
  reason: z.string().optional(),
});
const STATE = z.strictObject({
  revision: z.int().describe('Counts the configurations of this run of the program.'),
  appliedAtMs: z.number(),
  id: z.int().optional().describe('In the history; absent when it could not be kept.'),
  unconfirmed: z
    .strictObject({ deadlineMs: z.number(), who: z.string(), backTo: z.int().optional() })
    .optional()
    .describe('It goes back by itself when nobody confirms it until then.'),
  canary: CANARY_STATE.optional().describe(
    'What a part of the traffic tries, or what came of the last one that was tried.',
  ),
  drift: z.array(z.string()).describe('Files that lie on the disk otherwise than they are in force.'),
  fault: z.string().optional().describe('Why the history keeps nothing.'),
});
const CONFIG_REPLY = STATE.extend({ file: z.string().describe('The main file.'), texts: TEXTS });
const REVISION = z.strictObject({
  id: z.int(),
  atMs: z.number(),
  who: z.string(),
  why: z
    .string()
    .describe(
      'start, reload, apply, rollback, unconfirmed (it went back by itself), restore; never in force: by-hand (replaced on the disk), canary (tried, and taken back)',
    ),
  message: z.string(),
  digest: z.string().describe('Equal for equal files.'),
});
const ONE_REVISION = REVISION.extend({ texts: TEXTS });
const DIFF = z.strictObject({
  diff: z.string().describe('As diff -u writes it, secrets hidden.'),
  hidden: z.array(z.string()).describe('Files where only a hidden secret is another.'),
});
const DIAGNOSTIC = z.looseObject({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  file: z.string(),
  line: z.int(),
  column: z.int(),
  length: z.int(),
});
const TRIED = DIFF.extend({ sound: z.boolean(), diagnostics: z.array(DIAGNOSTIC) });

const FILES = z
  .array(z.strictObject({ path: word(4096), text: z.string().max(MOST_TEXT_BYTES) }))
  .max(MOST_FILES)
  .describe(
    'Files of the configuration that are to be others; *** stands for the secret that the same statement has in force.',
  );
const MESSAGE = word(1000).describe('Why: for who reads the history.');
const between = ([least, most]: readonly [number, number], perUnit = 1) =>
  z
    .number()
    .min(least / perUnit)
    .max(most / perUnit);
const CANARY = z
  .strictObject({
    lengthS: between(CANARY_BOUNDS.lengthMs, 1000),
    sharePercent: between(CANARY_BOUNDS.sharePercent)
      .int()
      .optional()
      .describe(`Of 100 new connections; ${CANARY_DEFAULTS.sharePercent} if absent.`),
    errorsPercent: between(CANARY_BOUNDS.errorsPercent)
      .optional()
      .describe(
        `So many of 100 requests may fail more than with the others; ${CANARY_DEFAULTS.errorsPercent} if absent.`,
      ),
    latencyMs: between(CANARY_BOUNDS.latencyMs)
      .optional()
      .describe(`So much slower than the others it may be; ${CANARY_DEFAULTS.latencyMs} if absent.`),
    factor: between(CANARY_BOUNDS.factor)
      .optional()
      .describe(
        `So many times as bad as the others it may be; ${CANARY_DEFAULTS.factor} if absent. Worse is what is so by this and by the bound.`,
      ),
    leastRequests: between(CANARY_BOUNDS.leastRequests)
      .int()
      .optional()
      .describe(`Before it is judged; ${CANARY_DEFAULTS.leastRequests} if absent.`),
    few: z
      .enum(FEW_CHOICES)
      .optional()
      .describe(
        `What is done when it has had fewer by the end and is not worse by what it had; ${CANARY_DEFAULTS.few} if absent.`,
      ),
  })
  .describe(
    'A process of its own tries it with a part of the new connections; it comes into force when it is not worse than what is. Answered when it has begun.',
  );
const HOW = {
  confirmS: z
    .int()
    .min(1)
    .max(MOST_CONFIRM_S)
    .optional()
    .describe('Goes back by itself unless it is confirmed in so many seconds.'),
  overDrift: z
    .boolean()
    .optional()
    .describe('What was changed by hand on the disk may be replaced; it is kept in the history.'),
};

export type ShownConfig = z.output<typeof CONFIG_REPLY>;
export type RevisionItem = z.output<typeof REVISION>;
export type OneRevision = z.output<typeof ONE_REVISION>;
export type TriedConfig = z.output<typeof TRIED>;
export type ShownDiff = z.output<typeof DIFF>;

const filesOf = (files: readonly { readonly path: string; readonly text: string }[]) =>
  files.map(({ path, text }) => [path, text] as const);

/** With the state that its ETag is made of. */
async function reply(desk: RemoteDesk) {
  const body = await desk.read('config', undefined);
  return { body, state: await desk.read('state', { kind: 'config-confirm' }) };
}

const config = defineRoute({
  ...{ method: 'GET', path: AT, ...ADMIN },
  summary: 'The configuration in force: its files as they were read. Secrets that stand in them are hidden.',
  reply: CONFIG_REPLY,
  handle: ({ desk }) => reply(desk),
});

const validate = defineRoute({
  ...{ method: 'POST', path: `${AT}/validate`, ...ADMIN },
  summary:
    'Checks texts in the place of the main file (text) or of others (files), as moat check does, and shows what they would change; nothing changes. What they include has to lie beside the main file, or below.',
  bodyLimitBytes: BODY_BYTES,
  body: z.strictObject({ text: z.string().max(MOST_TEXT_BYTES).optional(), files: FILES.optional() }),
  reply: TRIED,
  handle: async ({ desk, body: { text, files = [] } }) => ({
    body: await desk.read('try', { text, files: filesOf(files) }),
  }),
});

const apply = defineRoute({
  ...{ method: 'POST', path: `${AT}/apply`, ...ADMIN },
  summary:
    'Checks files, brings them into force everywhere, and writes them to the disk; a fault anywhere, or a full disk, changes nothing.',
  changes: true,
  bodyLimitBytes: BODY_BYTES,
  body: z.strictObject({ files: FILES.min(1), message: MESSAGE, ...HOW, canary: CANARY.optional() }),
  reply: CONFIG_REPLY,
  async handle({ desk, asker, body: { files, confirmS, canary, ...rest } }) {
    const tried = canary && canaryWishOf(canary);
    const wish = { ...rest, files: filesOf(files), confirmMs: confirmS && confirmS * 1000, canary: tried };
    await refuseFaulty(desk, wish.files);
    await desk.change({ kind: 'config-apply', ...wish }, asker);
    return reply(desk);
  },
});

const canaryWishOf = ({ lengthS, ...rest }: z.output<typeof CANARY>) => ({
  lengthMs: lengthS * 1000,
  ...rest,
});

/** Where each fault lies, before anything is begun. @throws {Refusal} 422 */
async function refuseFaulty(desk: RemoteDesk, files: readonly (readonly [string, string])[]): Promise<void> {
  const { sound, diagnostics } = await desk.read('try', { files });
  if (sound) return;
  const flaws = diagnostics
    .filter(({ severity }) => severity === 'error')
    .slice(0, MOST_FLAWS)
    .map(({ file, line, column, message, hint }) => ({
      at: `${file}:${line}:${column}`,
      message: hint === undefined ? message : `${message} (${hint})`,
    }));
  throw new Refusal({ status: 422, code: 'faulty', detail: 'the configuration is faulty', flaws });
}

const confirm = defineRoute({
  ...{ method: 'POST', path: `${AT}/confirm`, ...ADMIN },
  summary: 'What was applied with confirmS stays.',
  changes: true,
  reply: CONFIG_REPLY,
  async handle({ desk, asker }) {
    await desk.change({ kind: 'config-confirm' }, asker);
    return reply(desk);
  },
});

const rollback = defineRoute({
  ...{ method: 'POST', path: `${AT}/rollback`, ...ADMIN },
  summary:
    'Brings a revision of the history into force and onto the disk; without id, what is unconfirmed is taken back, or a canary ended.',
  changes: true,
  body: z.strictObject({ id: z.int().min(1).optional(), message: MESSAGE.optional(), ...HOW }),
  reply: CONFIG_REPLY,
  async handle({ desk, asker, body: { confirmS, ...rest } }) {
    const confirmMs = confirmS && confirmS * 1000;
    await desk.change({ kind: 'config-rollback', ...rest, confirmMs }, asker);
    return reply(desk);
  },
});

const revisions = defineRoute({
  ...{ method: 'GET', path: `${AT}/revisions`, ...ADMIN },
  summary: 'Configurations that came into force, the newest first.',
  query: z.strictObject(PAGE),
  reply: pageOf(REVISION),
  async handle({ desk, query: { limit, cursor } }) {
    const key = keyOfCursor(cursor);
    const before = key === undefined ? undefined : Number(key);
    const found = await desk.read('revisions', { limit: limit + 1, before });
    const items = found.slice(0, limit);
    return { body: { items, next: found.length > limit ? cursorOf(`${items.at(-1)!.id}`) : undefined } };
  },
});

const revision = defineRoute({
  ...{ method: 'GET', path: `${AT}/revisions/{revision}`, ...ADMIN },
  summary: 'One of them, with its files. Secrets are hidden.',
  params: z.strictObject({ revision: z.coerce.number().int().min(1).describe('Its id.') }),
  reply: ONE_REVISION,
  handle: async ({ desk, params }) => ({ body: await desk.read('revision', params.revision) }),
});

const WHICH = z
  .string()
  .regex(/^([1-9]\d{0,14}|force|disk)$/)
  .describe('The id of a revision, force (what is in force), or disk (what lies there).');
const whichOf = (text: string): Which => (text === 'force' || text === 'disk' ? text : Number(text));

const diff = defineRoute({
  ...{ method: 'GET', path: `${AT}/diff`, ...ADMIN },
  summary: 'What is other between two configurations.',
  query: z.strictObject({ from: WHICH.default('force'), to: WHICH.default('disk') }),
  reply: DIFF,
  handle: async ({ desk, query: { from, to } }) => ({
    body: await desk.read('config-diff', { from: whichOf(from), to: whichOf(to) }),
  }),
});

export const CONFIG = [config, validate, apply, confirm, rollback, revisions, revision, diff];
