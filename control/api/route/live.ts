/** Routes of what is said beside the configuration while moat runs: the log level, and the firewall's mode. */
import { z } from 'zod';
import { LOG_LEVELS } from '#model/l7/log.ts';
import { WAF_MODES } from '#model/l7/waf.ts';
import type { Wish } from '../desk/questions.ts';
import { defineRoute, word } from './route.ts';

const MOST_S = 30 * 86_400;
const FOR_S = z.int().min(1).max(MOST_S).optional().describe('It ends by itself after so many seconds.');
const UNTIL = z.number().optional().describe('When it ends by itself, in ms since 1970.');

const LEVEL = z.strictObject({
  level: z.enum(LOG_LEVELS).describe('What is written now.'),
  configured: z.enum(LOG_LEVELS).describe('Of the error_log of the process.'),
  commanded: z.boolean(),
  untilMs: UNTIL,
});

const level = defineRoute({
  ...{ method: 'GET', path: '/api/v1/log-level', role: 'viewer', scope: 'status' },
  summary: 'How bad a line must be to stand in the error logs.',
  reply: LEVEL,
  async handle({ desk }) {
    const { said, configuredLevel } = await desk.read('live', undefined);
    const { level: commanded, untilMs } = said.logLevel ?? {};
    const body = {
      ...{ level: commanded ?? configuredLevel, configured: configuredLevel, untilMs },
      commanded: commanded !== undefined,
    };
    return { body, state: await desk.read('state', { kind: 'log-level' }) };
  },
});

const setLevel = defineRoute({
  ...{ method: 'PUT', path: '/api/v1/log-level', role: 'operator', scope: 'status', changes: true },
  summary:
    'Has all error logs write lines from this level on, of all processes and locations; null: each as configured. Kept over reloads and restarts.',
  body: z.strictObject({ level: z.enum(LOG_LEVELS).nullable(), forS: FOR_S }),
  reply: z.strictObject({ level: z.enum(LOG_LEVELS).nullable() }),
  async handle({ desk, asker, body: { level: wanted, forS } }) {
    const wish = { kind: 'log-level', level: wanted ?? undefined, lengthMs: msOf(forS) } as const;
    const state = await desk.change(wish, asker);
    return { body: { level: wanted }, state };
  },
});

const msOf = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);

const MODES = z.strictObject({
  items: z.array(
    z.strictObject({
      server: z.string().describe("The first of its names; '' where it has none."),
      location: z.string().optional().describe('As it is written; absent: the server as a whole.'),
      mode: z.enum(WAF_MODES),
      configured: z.enum(WAF_MODES),
    }),
  ),
  commanded: z.array(
    z.strictObject({
      server: z.string().optional().describe('Absent: every server.'),
      location: z.string().optional(),
      mode: z.enum(WAF_MODES),
      untilMs: UNTIL,
    }),
  ),
});

const modes = defineRoute({
  ...{ method: 'GET', path: '/api/v1/waf/modes', role: 'viewer', scope: 'waf' },
  summary:
    'What the firewall does at each server and location, and what of that was commanded; 500 of them at most.',
  reply: MODES,
  async handle({ desk }) {
    const { said, modes: items } = await desk.read('live', undefined);
    return { body: { items, commanded: said.waf }, state: await desk.read('state', { kind: 'waf-mode' }) };
  },
});

const setMode = defineRoute({
  ...{ method: 'PUT', path: '/api/v1/waf/modes', role: 'operator', scope: 'waf', changes: true },
  summary:
    'Switches the firewall off, to detect or to block: everywhere, at a server, or in a location with all that stands in it; null: as configured. All workers take it up as they take a reload up, or nothing changes. Kept over reloads and restarts.',
  body: z.strictObject({
    mode: z.enum(WAF_MODES).nullable(),
    server: z.union([word(), z.literal('')]).optional(),
    location: word(1024).optional(),
    forS: FOR_S,
  }),
  reply: z.looseObject({ waf: z.array(z.looseObject({})) }),
  async handle({ desk, asker, body: { mode, server, location, forS } }) {
    const wish: Extract<Wish, { kind: 'waf-mode' }> = {
      kind: 'waf-mode',
      mode: mode ?? undefined,
      ...{ server, location, lengthMs: msOf(forS) },
    };
    const state = await desk.change(wish, asker);
    return { body: state, state };
  },
});

export const LIVE = [level, setLevel, modes, setMode];
