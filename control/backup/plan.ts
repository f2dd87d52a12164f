/** What a restore would change, all of it checked: for who is asked before it is done, and for who does it. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Model } from '#model/main.ts';
import { lineOf } from '../complaint.ts';
import { diffOf } from '../history/diff.ts';
import { readText } from '../history/files.ts';
import type { Texts } from '../history/place.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import type { Loaded } from '../load.ts';
import { loadWithRules } from '../waf/load-rules.ts';
import { BackupFault } from './fault.ts';
import { type Entry, isDatabase, type Part } from './manifest.ts';
import { isOutside, placeOfFile, placeOfState } from './places.ts';
import { isStatePart, lookAtState } from './state-files.ts';
import { contentPath, type Opened } from './unpack.ts';

export interface PreviewItem {
  readonly part: Part;
  /** A path or a zone; '' where the part says it. */
  readonly name: string;
  /** `outside`: it lies elsewhere, and is not written unless that is wished. `nowhere`: this configuration has no place for it. */
  readonly change: 'same' | 'new' | 'changed' | 'outside' | 'nowhere';
  readonly detail: string;
}

export interface Preview {
  readonly moat: string;
  readonly host: string;
  readonly createdMs: number;
  readonly items: readonly PreviewItem[];
  /** Of the configuration, as `diff -u` writes it, secrets hidden. */
  readonly diff: string;
  /** What could not be read when it was made. */
  readonly missing: readonly string[];
  /** Why it cannot be restored; none: it can. */
  readonly faults: readonly string[];
}

/** One file that takes its place. */
export interface Step {
  /** Of the entry, whose bytes it is. */
  readonly number: number;
  /** latin1 */
  readonly place: string;
  readonly mode: number;
  readonly kind: 'file' | 'state' | 'database';
}

export interface Plan {
  readonly preview: Preview;
  readonly steps: readonly Step[];
  /** By place. Undefined: the configuration stays. */
  readonly configuration: Texts | undefined;
  /** Other files that the configuration names, by place. */
  readonly beside: Texts;
  /** Bans by zone: for a program that runs. */
  readonly bans: readonly { readonly zone: string; readonly content: string }[];
}

export interface Restore {
  readonly invocation: Invocation;
  /** Undefined: all that is in it. */
  readonly only: readonly Part[] | undefined;
  /** Files that lie elsewhere are written, too: for root alone. */
  readonly outside: boolean;
  /** In force; undefined: no moat runs. */
  readonly texts: Texts | undefined;
  /** Configurations may include what they like: who asks is root. */
  readonly isRoot: boolean;
}

interface Text {
  readonly number: number;
  readonly entry: Entry;
  readonly place: string;
  readonly text: string;
}

/** @throws {BackupFault} when the backup holds something else than it says */
export function planOf({ folder, manifest }: Opened, how: Restore): Plan {
  const { invocation, only, outside } = how;
  const chosen = [...manifest.entries.entries()].filter(([, { part }]) => only?.includes(part) ?? true);
  refuseAbsent(chosen, only);
  const files = chosen.flatMap(([number, entry]): Text[] =>
    isStatePart(entry.part)
      ? []
      : [{ number, entry, place: placeOfFile(entry, invocation), text: textAt(folder, number) }],
  );
  const written = files.filter(({ entry }) => outside || !isOutside(entry));
  const isWhole = files.some(({ entry }) => entry.part === 'configuration');
  const loaded = loadAs(written, isWhole, how);
  const states = chosen.filter(([, { part }]) => isStatePart(part));
  const { items, steps } = statesOf(states, folder, loaded.model, invocation);
  const texts = (part: Part) =>
    new Map(written.filter(({ entry }) => entry.part === part).map(({ place, text }) => [place, text]));
  const { moat, host, createdMs, missing } = manifest;
  const preview = {
    ...{ moat, host, createdMs, missing },
    items: [...files.map(one => itemOf(one, outside)), ...items],
    diff: isWhole ? diffOf(before(files, how), newTexts(files)).diff : '',
    faults: faultsOf(loaded, files, isWhole),
  };
  return {
    preview,
    steps: [...written.map(stepOf), ...steps],
    configuration: isWhole ? texts('configuration') : undefined,
    beside: texts('files'),
    bans: states.flatMap(([number, { part, path }]) =>
      part === 'bans' ? [{ zone: path, content: contentPath(folder, number) }] : [],
    ),
  };
}

function refuseAbsent(chosen: readonly (readonly [number, Entry])[], only: Restore['only']): void {
  const absent = (only ?? []).find(part => !chosen.some(([, entry]) => entry.part === part));
  if (absent !== undefined) throw new BackupFault('malformed', `the backup has no ${absent}`);
}

const textAt = (folder: string, number: number): string =>
  readFileSync(bytesOf(contentPath(folder, number)), 'latin1');

const newTexts = (files: readonly Text[]): Texts =>
  new Map(
    files.filter(({ entry }) => entry.part === 'configuration').map(({ place, text }) => [place, text]),
  );

const before = (files: readonly Text[], { texts }: Restore): Texts =>
  texts ?? new Map([...newTexts(files).keys()].map(path => [path, readText(path) ?? '']));

/** The configuration as it would be. */
function loadAs(written: readonly Text[], isWhole: boolean, { invocation, texts, isRoot }: Restore): Loaded {
  const come = new Map(written.map(({ place, text }) => [place, text]));
  const folder = isRoot ? '/' : realpathSync(bytesOf(dirname(invocation.file)), { encoding: 'latin1' });
  const trial = isWhole ? come : new Map([...(texts ?? []), ...come]);
  return loadWithRules(invocation, { texts: trial, folder, known: new Set(texts?.keys() ?? []) });
}

/** A configuration that would be more than what was backed up is another one. */
function faultsOf({ model, diagnostics, texts }: Loaded, files: readonly Text[], isWhole: boolean): string[] {
  const faults = model
    ? []
    : diagnostics.filter(({ severity }) => severity === 'error').map(one => lineOf(one));
  if (!isWhole) return faults;
  const known = newTexts(files);
  const more = [...texts.keys()].filter(path => !known.has(path));
  return [
    ...faults,
    ...more.map(path => `"${path}" is included, and the backup does not have it: move it away first`),
  ];
}

function itemOf({ entry, place, text }: Text, outside: boolean): PreviewItem {
  const named = { part: entry.part, name: place, detail: `${text.length} bytes` };
  const now = readText(place);
  const change = now === undefined ? 'new' : now === text ? 'same' : 'changed';
  return { ...named, change: isOutside(entry) && !outside && change !== 'same' ? 'outside' : change };
}

const stepOf = ({ number, entry, place }: Text): Step => ({ number, place, mode: entry.mode, kind: 'file' });

function statesOf(
  states: readonly (readonly [number, Entry])[],
  folder: string,
  model: Model | undefined,
  invocation: Invocation,
): { readonly items: readonly PreviewItem[]; readonly steps: readonly Step[] } {
  const items: PreviewItem[] = [];
  const steps: Step[] = [];
  for (const [number, entry] of states) {
    const { part, path: name, mode } = entry;
    if (!isStatePart(part) || !model) continue;
    const place = placeOfState(entry, invocation, model);
    const detail = lookAtState(part, contentPath(folder, number), place ?? '/nonexistent');
    items.push({
      ...{ part, name, detail },
      change: changeOf(place, entry, contentPath(folder, number)),
    });
    if (place !== undefined)
      steps.push({ number, place, mode, kind: isDatabase(entry) ? 'database' : 'state' });
  }
  return { items, steps };
}

/** Databases are not compared: they are large, and never the same byte for byte. */
function changeOf(place: string | undefined, entry: Entry, content: string): PreviewItem['change'] {
  if (place === undefined) return 'nowhere';
  if (!existsSync(bytesOf(place))) return 'new';
  return !isDatabase(entry) && readText(place) === readText(content) ? 'same' : 'changed';
}
