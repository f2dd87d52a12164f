/** What goes into a backup: the configuration in force with all that it names, who may come in, bans, history, and events on wish. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import { isKeptFile } from '../acme/store.ts';
import { lineOf } from '../complaint.ts';
import { databasePath, historyFolder, type Texts } from '../history/place.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { systemReason } from '../load.ts';
import { loadWithRules } from '../waf/load-rules.ts';
import { isOwnRule } from '../waf/rule-roots.ts';
import { BackupFault } from './fault.ts';
import { type Entry, MOST_TEXT_BYTES, type Part } from './manifest.ts';
import { zonesWithFiles } from './places.ts';

const NEW_MODE = 0o600;
/** SQLite copies so many pages before others get their turn. */
const PAGES_AT_ONCE = 1000;

/** One thing that goes in. */
export interface Item {
  readonly entry: Entry;
  /** Its bytes; a path: those of a copy that was made of it. */
  readonly from: Buffer | string;
}

export interface Collected {
  readonly items: readonly Item[];
  /** What could not be read, and why. */
  readonly missing: readonly string[];
}

export interface CollectOptions {
  readonly invocation: Invocation;
  /** In force; undefined: no moat runs, and what lies on the disk is meant. */
  readonly texts: Texts | undefined;
  readonly events: boolean;
  /** An empty folder of the owner's, for copies of databases. */
  readonly scratch: string;
}

/** @throws {BackupFault} when the configuration is faulty: then nobody can say what belongs to it */
export async function collect({ invocation, texts, events, scratch }: CollectOptions): Promise<Collected> {
  const trial = texts && { texts, folder: '/', known: new Set(texts.keys()) };
  const loaded = loadWithRules(invocation, trial);
  const { model } = loaded;
  if (!model) {
    const first = loaded.diagnostics.find(({ severity }) => severity === 'error');
    throw new BackupFault(
      'faulty',
      `the configuration is faulty: ${first ? lineOf(first) : 'moat check tells where'}`,
    );
  }
  const basket = new Basket(invocation);
  for (const [path, text] of loaded.texts) basket.file('configuration', path, text);
  for (const [path, text] of loaded.named) basket.file('files', path, text);
  for (const [path, text] of rulesOf(model.http)) basket.file('files', path, text);
  for (const path of passwordFilesOf(model.http)) basket.read('files', path);
  if (model.api) {
    basket.state('users', '', `${model.api.statePath}/users.json`);
    basket.state('tokens', '', `${model.api.statePath}/tokens.json`);
  }
  for (const { name, statePath } of zonesWithFiles(model.http)) basket.state('bans', name, statePath);
  for (const { name, statePath } of model.acme?.issuers ?? [])
    for (const file of keptIn(statePath)) basket.state('acme', `${name}/${file}`, `${statePath}/${file}`);
  await basket.database('history', databasePath(historyFolder(invocation.file)), `${scratch}/history.db`);
  const path = model.http?.wafEvents?.path;
  if (events && path !== undefined)
    await basket.database('events', `${bytesOf(path)}`, `${scratch}/events.db`);
  return basket;
}

/** Accounts and certificates of an issuer; none where nothing was issued yet. */
function keptIn(folder: string | undefined): string[] {
  if (folder === undefined || !existsSync(bytesOf(folder))) return [];
  return readdirSync(bytesOf(folder), 'latin1').filter(isKeptFile);
}

class Basket implements Collected {
  readonly items: Item[] = [];
  readonly missing: string[] = [];
  readonly #invocation: Invocation;
  readonly #seen = new Set<string>();

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
  }

  file(part: 'configuration' | 'files', path: string, text: string): void {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    if (text.length > MOST_TEXT_BYTES)
      return this.#miss(path, `it is larger than ${MOST_TEXT_BYTES >> 20} MiB`);
    const mode = statSync(bytesOf(path), { throwIfNoEntry: false })?.mode ?? NEW_MODE;
    this.#put(part, this.#shortOf(path), Buffer.from(text, 'latin1'), mode & 0o777);
  }

  read(part: 'files', path: string): void {
    try {
      this.file(part, path, readFileSync(bytesOf(path), 'latin1'));
    } catch (fault) {
      this.#miss(path, systemReason(fault));
    }
  }

  /** Of moat's own; what is not there yet is nothing. @param path latin1 */
  state(part: Part, name: string, path: string): void {
    if (!existsSync(bytesOf(path))) return;
    try {
      this.#put(part, name, readFileSync(bytesOf(path)), NEW_MODE);
    } catch (fault) {
      this.#miss(path, systemReason(fault));
    }
  }

  /** A copy as of one moment, whoever writes meanwhile. @param path UTF-16, as SQLite takes it */
  async database(part: Part, path: string, copy: string): Promise<void> {
    if (!existsSync(path)) return;
    try {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        await backup(database, copy, { rate: PAGES_AT_ONCE });
      } finally {
        database.close();
      }
      this.items.push({ entry: { part, path: '', mode: NEW_MODE, bytes: statSync(copy).size }, from: copy });
    } catch (fault) {
      this.#miss(path, (fault as Error).message);
    }
  }

  #put(part: Part, path: string, from: Buffer, mode: number): void {
    this.items.push({ entry: { part, path, mode, bytes: from.length }, from });
  }

  #miss(path: string, why: string): void {
    this.missing.push(`${path}: ${why}`);
  }

  /** A folder elsewhere may take its place. */
  #shortOf(path: string): string {
    const { file } = this.#invocation;
    const folder = `${dirname(file)}/`;
    return path === file ? '' : path.startsWith(folder) ? path.slice(folder.length) : path;
  }
}

/** moat's own rules come with moat. */
function rulesOf(http: HttpModel | undefined): readonly (readonly [string, string])[] {
  return (http?.wafRules ?? [])
    .flatMap(({ texts }) => Object.entries(texts))
    .filter(([path]) => !isOwnRule(path));
}

/** Those that no variable is in: they are read with requests. */
function passwordFilesOf(http: HttpModel | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (location: LocationModel): void => {
    const { path, confDir } = location.settings.access.userFile ?? {};
    if (typeof path === 'string') found.add(path.startsWith('/') ? path : `${confDir}${path}`);
    for (const inner of [...location.locations, ...location.conditional]) visit(inner);
    if (location.limitExcept) visit(location.limitExcept.location);
  };
  for (const { root } of http?.servers ?? []) visit(root);
  return found;
}
