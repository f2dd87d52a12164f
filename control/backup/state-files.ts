/** What moat keeps for itself, out of a backup: looked at before it takes the place of what is there, and told in a few words. */
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { readChain } from '../acme/chain.ts';
import { plain } from '../acme/fault.ts';
import { openKey } from '../acme/keys.ts';
import { recordOf } from '../acme/session.ts';
import { TokenStore } from '../api/token/store.ts';
import { type UserRecord, UserStore } from '../api/user/store.ts';
import { readBans } from '../ban/state-file.ts';
import { bytesOf } from '../host/path-bytes.ts';
import { BackupFault } from './fault.ts';
import type { Part } from './manifest.ts';

type StatePart = Exclude<Part, 'configuration' | 'files'>;

/** @param content what came, and `place` what is there now; latin1 @returns what would change @throws {BackupFault} when it is not what it says */
type Look = (content: string, place: string) => string;

const malformed = (part: StatePart, why: string): BackupFault =>
  new BackupFault('malformed', `the ${part} of the backup cannot be taken up: ${why}`);

const utf16 = (path: string): string => `${bytesOf(path)}`;

const LOOKS: Readonly<Record<StatePart, Look>> = {
  users(content, place) {
    const come = new UserStore(utf16(content));
    if (come.fault !== undefined) throw malformed('users', come.fault);
    if (!come.records.some(({ role, isDisabled }) => role === 'admin' && !isDisabled))
      throw malformed('users', 'none of them is an admin: nobody could let others in');
    return changesOf(new UserStore(utf16(place)).records, come.records);
  },
  tokens(content, place) {
    const come = new TokenStore(utf16(content));
    if (come.fault !== undefined) throw malformed('tokens', come.fault);
    return changesOf(new TokenStore(utf16(place)).records, come.records);
  },
  bans(content) {
    try {
      const nowMs = Date.now();
      return `${readBans(content).filter(({ untilMs }) => untilMs > nowMs).length} bans that last`;
    } catch (fault) {
      throw malformed('bans', (fault as Error).message);
    }
  },
  acme(content) {
    const text = readFileSync(bytesOf(content), 'latin1');
    try {
      if (text.includes('-----BEGIN')) openKey(text);
      else return `the account ${plain(recordOf(JSON.parse(text))['url'])}`;
      if (!text.includes('-----BEGIN CERTIFICATE')) return 'the key of an account';
      return `a certificate until ${readChain(text)[0]!.validToDate.toISOString()}`;
    } catch (fault) {
      throw malformed('acme', (fault as Error).message);
    }
  },
  history: content => `${countOf('history', content, 'revision')} revisions`,
  events: content => `${countOf('events', content, 'event')} events`,
};

export const isStatePart = (part: Part): part is StatePart => part in LOOKS;

export const lookAtState = (part: StatePart, content: string, place: string): string =>
  LOOKS[part](content, place);

type Named = Pick<UserRecord, 'name'>;

/** `3: +anna, -bob, changed: carl`. */
function changesOf(now: readonly Named[], come: readonly Named[]): string {
  const before = new Map(now.map(one => [one.name, JSON.stringify(one)]));
  const after = new Map(come.map(one => [one.name, JSON.stringify(one)]));
  const other = [...after].filter(([name, text]) => before.has(name) && before.get(name) !== text);
  const words = [
    ...[...after.keys()].filter(name => !before.has(name)).map(name => `+${name}`),
    ...[...before.keys()].filter(name => !after.has(name)).map(name => `-${name}`),
    ...other.map(([name]) => `changed: ${name}`),
  ];
  return `${after.size}: ${words.length > 0 ? words.join(', ') : 'the same'}`;
}

/** A database runs nothing of its own: it has neither views nor triggers. */
function countOf(part: StatePart, path: string, table: string): number {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(utf16(path), { readOnly: true });
    const odd = database.prepare(`SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index')`).get();
    if (odd) throw new Error('it holds what moat does not make');
    const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
    if (verdict !== 'ok') throw new Error(`it is damaged: ${verdict}`);
    return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
  } catch (fault) {
    throw malformed(part, (fault as Error).message);
  } finally {
    database?.close();
  }
}
