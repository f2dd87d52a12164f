/** Members in a file: read when it changes, whether it is written in place or replaced. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { FileDiscovery } from '#model/l7/discovery.ts';
import { fieldsOf, jsonOf, listOf, Refusal, textOf, wholeOf } from './answer.ts';
import type { FileText, Follow, FollowHands } from './follow.ts';
import { type Found, MOST_PORT, MOST_WEIGHT } from './found.ts';
import { pause } from './pause.ts';

/** Where the kernel tells nothing: network file systems, folders that only root may read. */
const LOOK_MS = 2000;
/** A file that is written in place is not read in the middle of it. */
const SETTLE_MS = 100;
const MOST_LOOKS = 50;

export const followFile =
  (model: FileDiscovery): Follow =>
  async (hands, signal) => {
    using folder = new Folder(dirname(model.path));
    let known: string | undefined;
    while (!signal.aborted) {
      try {
        const file = await settled(model.path, known, hands, signal);
        known = file?.stamp ?? known;
        if (file && !signal.aborted) hands.take(readList(file.text, model.port));
      } catch (fault) {
        hands.fail(fault as Error);
      }
      await folder.change(LOOK_MS, signal);
    }
  };

/** @returns undefined when it is still what is known */
async function settled(
  path: string,
  known: string | undefined,
  hands: FollowHands,
  signal: AbortSignal,
): Promise<FileText | undefined> {
  let file = await hands.read(path, known);
  for (let look = 0; file && look < MOST_LOOKS; look++) {
    await pause(SETTLE_MS, signal);
    const later = await hands.read(path, file.stamp);
    if (!later) break;
    file = later;
  }
  return file;
}

/** Tells that something happened in a folder; of one that cannot be watched it tells nothing. */
class Folder {
  readonly #watcher: FSWatcher | undefined;
  #happened = false;
  #wake: () => void = () => {};

  constructor(path: string) {
    try {
      this.#watcher = watch(Buffer.from(path, 'latin1'), { persistent: false }, () => {
        this.#happened = true;
        this.#wake();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined; // it is looked at again and again
    }
  }

  async change(mostMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#happened) {
      const woken = new Promise<void>(wake => (this.#wake = wake));
      const enough = new AbortController();
      await Promise.race([woken, pause(mostMs, AbortSignal.any([signal, enough.signal]))]);
      enough.abort();
    }
    this.#happened = false;
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }
}

/**
 * Reads a list of members: JSON, or an address a line.
 *
 * @param port of members without one @throws {Refusal} with the place of what is wrong; nothing of the file is quoted
 */
export function readList(text: string, port: number): Found[] {
  const start = text.trimStart()[0];
  if (start !== '[' && start !== '{')
    return text.split('\n').flatMap((line, at) => lineOf(line, at + 1, port));
  const value = jsonOf(text, 'the file');
  const list = Array.isArray(value) ? value : listOf(fieldsOf(value, 'the file')['members'], 'members');
  return list.flatMap((entry, at) => entryOf(entry, `entry ${at + 1}`, port));
}

/** `10.0.0.1:8080 weight=2`, `[::1]:81 drain`, `unix:/path`; what follows # is for people. */
function lineOf(line: string, number: number, port: number): Found[] {
  const [address, ...words] = line.replace(/#.*/, '').trim().split(/\s+/);
  if (!address) return [];
  const where = `line ${number}`;
  const said: { weight?: number; drain?: boolean; down?: boolean } = {};
  for (const word of words) {
    if (word === 'drain' || word === 'down') said[word] = true;
    else if (/^weight=\d{1,9}$/.test(word))
      said.weight = wholeOf(Number(word.slice('weight='.length)), `${where}: weight`, 1, MOST_WEIGHT);
    else throw new Refusal(`${where}: after the address there may be weight=N, drain and down`);
  }
  return [{ ...addressOf(address, where, port), ...said }];
}

const KNOWN = ['address', 'weight', 'drain', 'down'];

/** An address; an object with one; or a group of Prometheus' files: `{"targets": [...], "labels": {...}}`. */
function entryOf(entry: unknown, where: string, port: number): Found[] {
  if (typeof entry === 'string') return [addressOf(entry, where, port)];
  const fields = fieldsOf(entry, where);
  if (fields['targets'] !== undefined)
    return listOf(fields['targets'], `${where}.targets`).map(target =>
      addressOf(textOf(target, `a target of ${where}`), where, port),
    );
  if (Object.keys(fields).some(key => !KNOWN.includes(key)))
    throw new Refusal(`${where} has something else than ${KNOWN.join(', ')}`);
  const { address, weight, drain, down } = fields;
  for (const [name, value] of Object.entries({ drain, down }))
    if (value !== undefined && typeof value !== 'boolean')
      throw new Refusal(`${where}.${name} is neither true nor false`);
  return [
    {
      ...addressOf(textOf(address, `${where}.address`), where, port),
      ...(weight !== undefined && { weight: wholeOf(weight, `${where}.weight`, 1, MOST_WEIGHT) }),
      ...(drain === true && { drain }),
      ...(down === true && { down }),
    },
  ];
}

function addressOf(text: string, where: string, port: number): Found {
  if (/^unix:\/[\x21-\x7e]{1,106}$/.test(text))
    return { host: '', port: 0, unixPath: text.slice('unix:'.length) };
  const [, six, four, written] =
    /^(?:\[([\da-fA-F:.]{2,45})\]|([\d.]{7,15}))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = six ?? four;
  if (host === undefined)
    throw new Refusal(
      `${where} has no address: write IPV4:PORT, [IPV6]:PORT or unix:/path; names are for server lines with resolve`,
    );
  return {
    host,
    port: written === undefined ? port : wholeOf(Number(written), `${where}: the port`, 1, MOST_PORT),
  };
}
