/** Notes about certificates of authorities on their way to other moats, and from them. What comes is control's to judge: nothing of it stays here. */
import { type AcmeNote, isAcmeNoteKind } from '../acme/note.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import type { ZoneShare } from './zone-share.ts';

/** Where notes are left for others to read, they stay for so long, and are told again within a quarter of it. */
const KEEP_MS = 24 * 3_600_000;
const RENEWAL_MS = KEEP_MS / 4;
const RENEWAL_LOOK_MS = 600_000;
const MOST_NOTES = 16_384;
const MOST_TEXT = 131_072;
/** Of one message, well below what a frame may have. */
const MESSAGE_BYTES = 98_304;
/** Half of what the log of them may have in Redis. */
const LOG_BYTES = 8 << 20;

interface Kept {
  readonly note: AcmeNote;
  toldMs: number;
}

/** One entry: kind and id as texts, the length of the text (4), the text. */
export class AcmeShare implements ZoneShare {
  readonly kind = 'acme';
  readonly name = 'acme';
  readonly adds = false;
  readonly keepMs = KEEP_MS;
  readonly memory = new SharedArrayBuffer(LOG_BYTES);
  readonly #heard: (notes: readonly AcmeNote[]) => void;
  readonly #all = new Map<string, Kept>();
  readonly #dirty = new Set<string>();
  #lookedMs = 0;

  /** @param heard takes what others have written */
  constructor(heard: (notes: readonly AcmeNote[]) => void) {
    this.#heard = heard;
  }

  get size(): number {
    return this.#all.size;
  }

  get hasMore(): boolean {
    return this.#dirty.size > 0;
  }

  /** What this node has to say from now on. @throws {RangeError} for more than others would take */
  say(notes: readonly AcmeNote[]): void {
    for (const note of notes) {
      const key = `${note.kind} ${note.id}`;
      if (note.text.length > MOST_TEXT || note.id.length > 255)
        throw new RangeError(`Cannot tell ${key}: it is too long`);
      if (!this.#all.has(key) && this.#all.size >= MOST_NOTES)
        throw new RangeError(`Cannot tell ${key}: there are too many notes`);
      this.#all.set(key, { note, toldMs: 0 });
      this.#dirty.add(key);
    }
  }

  collect(writer: FrameWriter): number {
    const nowMs = Date.now();
    this.#renew(nowMs);
    let count = 0;
    for (const key of this.#dirty) {
      if (writer.length > MESSAGE_BYTES) break;
      this.#dirty.delete(key);
      const kept = this.#all.get(key)!;
      kept.toldMs = nowMs;
      writeNote(writer, kept.note);
      count++;
    }
    return count;
  }

  #renew(nowMs: number): void {
    if (nowMs - this.#lookedMs < RENEWAL_LOOK_MS) return;
    this.#lookedMs = nowMs;
    for (const [key, { toldMs }] of this.#all) if (nowMs - toldMs > RENEWAL_MS) this.#dirty.add(key);
  }

  dump(from: number, writer: FrameWriter): number | undefined {
    const notes = [...this.#all.values()];
    let at = from;
    for (; at < notes.length && writer.length <= MESSAGE_BYTES; at++) writeNote(writer, notes[at]!.note);
    return at < notes.length ? at : undefined;
  }

  apply(reader: BodyReader): number {
    const notes: AcmeNote[] = [];
    while (reader.left > 0) notes.push(readNote(reader));
    if (notes.length > 0) this.#heard(notes);
    return notes.length;
  }
}

function writeNote(writer: FrameWriter, { kind, id, text }: AcmeNote): void {
  writer.text(kind).text(id).u32(text.length).bytes(Buffer.from(text, 'latin1'));
}

/** @throws {FrameFault} */
function readNote(reader: BodyReader): AcmeNote {
  const kind = reader.text();
  const id = reader.text();
  const length = reader.u32();
  if (!isAcmeNoteKind(kind) || length > MOST_TEXT) throw new FrameFault('a note that is none');
  return { kind, id, text: reader.bytes(length).toString('latin1') };
}
