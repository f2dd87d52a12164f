/** Routes of backups: one encrypted file out, the same file in, and what it would change before it does. */
import { z } from 'zod';
import { PARTS } from '../../backup/manifest.ts';
import { LEAST_PASSPHRASE, MOST_PASSPHRASE } from '../../backup/seal.ts';
import { ARCHIVE_PIECE_BYTES, MOST_ARCHIVE_BYTES } from '../desk/archives.ts';
import type { Asker } from '../desk/questions.ts';
import type { RemoteDesk } from '../remote-desk.ts';
import { defineRoute, word } from './route.ts';

const BODY_BYTES = 8192;
/** Whoever has it has all that lets people and programs in: admins alone, who have just given their password. */
const OWNER = { role: 'admin', scope: 'config', needs: 'fresh-session' } as const;
const PASSPHRASE = z
  .string()
  .min(LEAST_PASSPHRASE)
  .max(MOST_PASSPHRASE)
  .describe('The file is encrypted by it; it is kept nowhere.');
const ONE = z.strictObject({ id: word(64) });
const ONLY = z.array(z.enum(PARTS)).min(1).optional().describe('Parts of it; absent: all that it holds.');
const PREVIEW = z.strictObject({
  moat: z.string().describe('The version that made it.'),
  host: z.string(),
  createdMs: z.number(),
  items: z.array(
    z.strictObject({
      part: z.enum(PARTS),
      name: z.string(),
      change: z
        .enum(['same', 'new', 'changed', 'outside', 'nowhere'])
        .describe(
          'outside: it lies elsewhere than beside the main file or below, and only root restores it (moat restore --outside); nowhere: the configuration has no place for it.',
        ),
      detail: z.string(),
    }),
  ),
  diff: z.string().describe('Of the configuration, as diff -u writes it, secrets hidden.'),
  missing: z.array(z.string()).describe('What could not be read when it was made.'),
  faults: z.array(z.string()).describe('Why it cannot be restored; none: it can.'),
});
export type RestorePreview = z.output<typeof PREVIEW>;

const FILE = z
  .any()
  .meta({ contentType: 'application/octet-stream' })
  .describe('The encrypted file (docs/decisions/098-backups.md).');

const backup = defineRoute({
  ...{ method: 'POST', path: '/api/v1/backup', ...OWNER, bodyLimitBytes: BODY_BYTES },
  summary:
    'Makes a backup: the configuration in force with certificates and keys, users, tokens, bans, history, and on wish events of the firewall, encrypted.',
  body: z.strictObject({ passphrase: PASSPHRASE, events: z.boolean().default(false) }),
  reply: FILE,
  async handle({ desk, asker, body: { passphrase, events } }) {
    await desk.note('backup', { events }, asker);
    const { id, bytes } = await desk.archive('make', { passphrase, events }, asker);
    const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const headers = {
      'Content-Length': `${bytes}`,
      'Content-Disposition': `attachment; filename="moat-${at}.backup"`,
    };
    return { pieces: piecesOf(id, desk, asker), headers };
  },
});

/** When nobody reads on, it is forgotten all the same. */
async function* piecesOf(id: string, desk: RemoteDesk, asker: Asker): AsyncGenerator<Uint8Array, void> {
  try {
    for (let at = 0; ; ) {
      const piece = await desk.archive('read', { id, at }, asker);
      if (piece.length === 0) return;
      at += piece.length;
      yield piece;
    }
  } finally {
    await desk.archive('drop', { id }, asker).catch(() => {}); // control forgets it by itself
  }
}

const upload = defineRoute({
  ...{ method: 'POST', path: '/api/v1/restore', ...OWNER },
  ...{ bodyLimitBytes: MOST_ARCHIVE_BYTES, takesBytes: true, status: 201 },
  summary: 'Takes a backup in. Nothing changes; it is forgotten after five minutes without a question.',
  reply: z.strictObject({ id: z.string(), bytes: z.int() }),
  async handle({ desk, asker, upload: pieces }) {
    let id: string | undefined;
    let bytes = 0;
    try {
      for await (const piece of pieces) {
        id ??= (await desk.archive('begin', undefined, asker)).id;
        for (let at = 0; at < piece.length; at += ARCHIVE_PIECE_BYTES)
          await desk.archive('add', { id, bytes: piece.subarray(at, at + ARCHIVE_PIECE_BYTES) }, asker);
        bytes += piece.length;
      }
    } catch (fault) {
      if (id !== undefined) await desk.archive('drop', { id }, asker);
      throw fault;
    }
    id ??= (await desk.archive('begin', undefined, asker)).id;
    return { body: { id, bytes }, headers: { Location: `/api/v1/restore/${id}` } };
  },
});

const preview = defineRoute({
  ...{ method: 'POST', path: '/api/v1/restore/{id}/preview', ...OWNER, bodyLimitBytes: BODY_BYTES },
  summary: 'Opens it, and tells what it would change; nothing does.',
  params: ONE,
  body: z.strictObject({ passphrase: PASSPHRASE, only: ONLY }),
  reply: PREVIEW,
  async handle({ desk, asker, params: { id }, body: { passphrase, only } }) {
    const body = await desk.archive('preview', { id, passphrase, only }, asker);
    const state = await desk.read('state', { kind: 'config-confirm' });
    return { body, state };
  },
});

const apply = defineRoute({
  ...{ method: 'POST', path: '/api/v1/restore/{id}/apply', ...OWNER, changes: true },
  summary:
    'Brings what was looked at into force and onto the disk, all of it or nothing. Where users are restored, all sessions end.',
  params: ONE,
  body: z.strictObject({ only: ONLY }),
  reply: z.strictObject({ revision: z.int() }),
  async handle({ desk, asker, params: { id }, body: { only } }) {
    const stage = await desk.archive('stage', { id }, asker);
    const state = (await desk.change({ kind: 'restore', stage, only }, asker)) as { revision: number };
    await desk.archive('drop', { id }, asker).catch(() => {}); // it may have brought another api block into force
    return { body: { revision: state.revision }, state };
  },
});

const drop = defineRoute({
  ...{ method: 'DELETE', path: '/api/v1/restore/{id}', ...OWNER, reply: z.null(), status: 204 },
  summary: 'Forgets it.',
  params: ONE,
  async handle({ desk, asker, params: { id } }) {
    await desk.archive('drop', { id }, asker);
    return {};
  },
});

export const BACKUP = [backup, upload, preview, apply, drop];
