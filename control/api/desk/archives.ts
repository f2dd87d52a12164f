/** Archives on their way in or out: files of the owner's, few, bounded, and gone when nobody asks for them any more. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { stageFolder } from '../../backup/commit.ts';
import { BackupFault } from '../../backup/fault.ts';
import type { Part } from '../../backup/manifest.ts';
import type { Preview } from '../../backup/plan.ts';
import { historyFolder, type Texts } from '../../history/place.ts';
import { bytesOf } from '../../host/path-bytes.ts';
import type { Invocation } from '../../invocation.ts';
import type { Clerk } from '../clerk/clerk.ts';
import type { Whereabouts } from '../clerk/questions.ts';
import { busy, notThere, refuse } from '../refusal.ts';

/** So many at once, and so long after the last question. */
const MOST_OPEN = 4;
const IDLE_MS = 5 * 60_000;
export const MOST_ARCHIVE_BYTES = 256 << 20;
export const ARCHIVE_PIECE_BYTES = 256 << 10;

/** Question → what comes with it, and the answer. */
export interface ArchiveQuestions {
  make: {
    readonly input: { readonly passphrase: string; readonly events: boolean };
    readonly output: { readonly id: string; readonly bytes: number; readonly missing: readonly string[] };
  };
  /** Empty at the end. */
  read: { readonly input: { readonly id: string; readonly at: number }; readonly output: Uint8Array };
  begin: { readonly input: undefined; readonly output: { readonly id: string } };
  add: { readonly input: { readonly id: string; readonly bytes: Uint8Array }; readonly output: undefined };
  preview: {
    readonly input: {
      readonly id: string;
      readonly passphrase: string;
      readonly only: readonly Part[] | undefined;
    };
    readonly output: Preview;
  };
  /** What a restore is named by; @throws when it was not looked at. */
  stage: { readonly input: { readonly id: string }; readonly output: string };
  drop: { readonly input: { readonly id: string }; readonly output: undefined };
}
export type ArchiveQuestion = keyof ArchiveQuestions;

interface Archive {
  readonly path: string;
  readonly fd: number;
  bytes: number;
  /** The folder that it was opened into. */
  stage: string | undefined;
  timer: NodeJS.Timeout;
}

interface Room {
  readonly clerk: Clerk;
  readonly invocation: Invocation;
  readonly where: () => Whereabouts;
  readonly texts: () => Texts;
}

type In<K extends ArchiveQuestion> = ArchiveQuestions[K]['input'];
type Answering = {
  readonly [K in ArchiveQuestion]: (input: In<K>) => Promise<ArchiveQuestions[K]['output']>;
};

export class Archives {
  readonly #room: Room;
  readonly #open = new Map<string, Archive>();

  constructor(room: Room) {
    this.#room = room;
  }

  /** @throws {Refusal} */
  answer(what: ArchiveQuestion, input: unknown): Promise<unknown> {
    const answer = this.#answers[what] as (input: unknown) => Promise<unknown>;
    return answer(input);
  }

  readonly #answers: Answering = {
    make: input => this.#make(input),
    read: async ({ id, at }) => {
      const { fd } = this.#need(id);
      const piece = new Uint8Array(ARCHIVE_PIECE_BYTES);
      return piece.subarray(0, readSync(fd, piece, 0, piece.length, at));
    },
    begin: async () => ({ id: this.#begin() }),
    add: async ({ id, bytes }) => this.#add(this.#need(id), bytes),
    preview: input => this.#preview(input),
    stage: async ({ id }) => {
      const { stage } = this.#need(id);
      if (stage === undefined) throw refuse(409, 'not-looked-at', 'ask for its preview first');
      return stage;
    },
    drop: async ({ id }) => this.#drop(id),
  };

  async #make({ passphrase, events }: In<'make'>): Promise<ArchiveQuestions['make']['output']> {
    const id = this.#begin();
    const archive = this.#need(id);
    try {
      const made = `${archive.path}.made`;
      const input = { files: [...this.#room.texts()], passphrase, events, to: made };
      const { missing, bytes } = await this.#room.clerk.ask('backup', input, this.#room.where());
      closeSync(archive.fd);
      const fd = openSync(bytesOf(made), constants.O_RDONLY | constants.O_NOFOLLOW);
      rmSync(bytesOf(made)); // it has a descriptor
      this.#open.set(id, { ...archive, fd, bytes });
      return { id, missing, bytes: statSync(`/proc/self/fd/${fd}`).size };
    } catch (fault) {
      this.#drop(id);
      throw fault;
    }
  }

  #begin(): string {
    if (this.#open.size >= MOST_OPEN) throw busy('other archives are on their way: try again', 60);
    const id = randomBytes(16).toString('hex');
    const home = historyFolder(this.#room.invocation.file);
    mkdirSync(bytesOf(home), { recursive: true, mode: 0o700 });
    const path = `${home}/backup-${id}`;
    const fd = openSync(bytesOf(path), 'wx+', 0o600);
    this.#open.set(id, { path, fd, bytes: 0, stage: undefined, timer: this.#timerOf(id) });
    return id;
  }

  #timerOf(id: string): NodeJS.Timeout {
    return setTimeout(() => this.#drop(id), IDLE_MS).unref();
  }

  #need(id: string): Archive {
    const found = this.#open.get(id);
    if (!found) throw notThere('there is no such archive, or no more');
    clearTimeout(found.timer);
    found.timer = this.#timerOf(id);
    return found;
  }

  #add(archive: Archive, bytes: Uint8Array): undefined {
    if (archive.bytes + bytes.length > MOST_ARCHIVE_BYTES)
      throw refuse(413, 'too-large', `an archive has ${MOST_ARCHIVE_BYTES} bytes at most`);
    for (let at = 0; at < bytes.length; ) at += writeSync(archive.fd, bytes, at);
    archive.bytes += bytes.length;
  }

  async #preview({ id, passphrase, only }: In<'preview'>): Promise<Preview> {
    const archive = this.#need(id);
    this.#dropStage(archive);
    const stage = randomBytes(8).toString('hex');
    const folder = stageFolder(this.#room.invocation, stage);
    const input = { files: [...this.#room.texts()], archive: archive.path, folder, passphrase, only };
    const found = await this.#room.clerk.ask('restore-preview', input, this.#room.where());
    if ('code' in found) throw new BackupFault(found.code, found.message);
    if (this.#open.get(id) === archive) archive.stage = stage;
    else rmSync(bytesOf(folder), { recursive: true, force: true }); // nobody wants it any more
    return found;
  }

  #dropStage(archive: Archive): void {
    if (archive.stage === undefined) return;
    rmSync(bytesOf(stageFolder(this.#room.invocation, archive.stage)), { recursive: true, force: true });
    archive.stage = undefined;
  }

  #drop(id: string): undefined {
    const archive = this.#open.get(id);
    if (!archive) return;
    this.#open.delete(id);
    clearTimeout(archive.timer);
    closeSync(archive.fd);
    rmSync(bytesOf(archive.path), { force: true });
    this.#dropStage(archive);
  }

  close(): void {
    for (const id of this.#open.keys()) this.#drop(id);
  }
}
