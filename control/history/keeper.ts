/** The configurations that came into force, and the ways from one to the next: applied, confirmed, rolled back. */
import { refuse } from '../api/refusal.ts';
import { CanaryKeeper, type Outcome } from '../canary/keeper.ts';
import { type CanaryPlan, type CanaryWish, planOf } from '../canary/plan.ts';
import type { Ended } from '../canary/run.ts';
import type { Trial } from '../load.ts';
import { loadWithRules } from '../waf/load-rules.ts';
import { stage } from './files.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { historyFolder, type Texts } from './place.ts';
import { ConfigRecord } from './record.ts';
import { restore, writerOf } from './recover.ts';
import { driftOf, onDisk, soundOf, trialOf } from './sound.ts';
import type { Revision, RevisionHead } from './store.ts';
import type { ApplyWish, Cause, Hands, RestoreFiles, RollbackWish, Unconfirmed } from './wish.ts';

const AGAIN_MS = 1000;
const AFTER_FAULT_MS = 10_000;

export class ConfigHistory {
  readonly #hands: Hands;
  readonly #journal: Journal;
  readonly #folder: string;
  readonly #record: ConfigRecord;
  #entry: JournalEntry | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly canary: CanaryKeeper;

  constructor(hands: Hands) {
    this.#hands = hands;
    this.canary = new CanaryKeeper(hands);
    this.#folder = historyFolder(hands.invocation.file);
    this.#record = new ConfigRecord(hands, this.#folder);
    this.#journal = new Journal(this.#folder);
  }

  /** The revision in force; undefined: it could not be kept. */
  get id(): number | undefined {
    return this.#record.id;
  }

  /** Why nothing is kept at the moment. */
  get fault(): string | undefined {
    return this.#record.fault;
  }

  get unconfirmed(): Unconfirmed | undefined {
    const { deadlineMs, who, backTo } = this.#entry ?? {};
    return deadlineMs === undefined || who === undefined ? undefined : { deadlineMs, who, backTo };
  }

  /** The first configuration is in force; a change that a process before was killed in goes on waiting. */
  began(cause: Cause): void {
    this.note(cause);
    try {
      const found = this.#journal.read();
      if (found?.phase === 'waiting') this.#await(found.entry);
    } catch (fault) {
      this.#hands.log().error(`an unconfirmed change cannot be read: ${(fault as Error).message}`);
    }
  }

  /** Keeps what is in force now, if it is another than before. Never throws: traffic does not hang on it. */
  note(cause: Cause): void {
    this.#record.note(cause, this.#needed);
  }

  /** Of what is kept, the way back of what waits. */
  get #needed(): readonly number[] {
    return [this.#entry?.backTo ?? 0];
  }

  /** The newest first. @throws {Refusal} when the history cannot be read */
  list(limit: number, before?: number): RevisionHead[] {
    return this.#record.list(limit, before);
  }

  /** @throws {Refusal} when there is none */
  find(id: number): Revision {
    return this.#record.find(id);
  }

  /** Of a revision, of what is in force, or of what lies on the disk. @throws {Refusal} */
  textsOf(which: number | 'force' | 'disk'): Texts {
    if (typeof which === 'number') return this.find(which).texts;
    const inForce = this.#hands.texts();
    if (which === 'force') return inForce;
    return new Map([...inForce.keys()].map(path => [path, onDisk(path) ?? '']));
  }

  /** Files of the configuration that somebody has changed since they came into force. */
  drift(): string[] {
    return driftOf(this.#hands.texts());
  }

  /** What a wish would bring into force, to be checked elsewhere. @throws {Refusal} when a file may not be written */
  trial(files: ApplyWish['files']): Trial {
    return trialOf(files, this.#hands);
  }

  /** With a canary it is being tried when the promise is fulfilled. @throws {Refusal} with the reason; then nothing has changed */
  apply(wish: ApplyWish, who: string): Promise<void> {
    const cause = { who, why: 'apply', message: wish.message } as const;
    return this.#hands.take(() =>
      wish.canary ? this.#tryOut(wish, wish.canary, cause) : this.#apply(wish, cause),
    );
  }

  /**
   * Files and history stay as they are while it is tried. The journal has the way back all the same: who has written the new text
   * onto the disk by himself, and whose moat is killed meanwhile, finds what was in force again.
   */
  async #tryOut(wish: ApplyWish, canary: CanaryWish, cause: Cause): Promise<void> {
    this.#refuseBusy();
    const { model, texts } = soundOf(wish, this.#hands, this.#record);
    const plan = planOf(canary);
    this.#journal.begin(this.#entryOf({ ...wish, confirmMs: undefined }, cause, new Map()));
    try {
      await this.canary.begin(model, plan, cause.who, ended => this.#decide(ended, plan, wish, cause, texts));
    } catch (fault) {
      this.#journal.end();
      throw fault;
    }
  }

  /** @throws {Refusal} with the reason why what went well cannot come into force */
  async #decide(
    { kind, figures }: Ended,
    { few, leastRequests }: CanaryPlan,
    wish: ApplyWish,
    cause: Cause,
    texts: Texts,
  ): Promise<Outcome> {
    const tooFew = kind === 'few' ? `fewer than ${leastRequests} requests to judge by: ` : '';
    const reason = `${tooFew}${figures}`;
    if (kind === 'fine' || (kind === 'few' && few === 'apply')) {
      const message = [cause.message, reason].filter(Boolean).join('; ');
      await this.#apply(wish, { ...cause, message }).catch(fault => {
        this.#journal.end();
        throw fault;
      });
      return { outcome: 'applied', reason };
    }
    this.#journal.end();
    this.#record.keepTried({ ...cause, why: 'canary', message: `${kind}: ${reason}` }, texts, this.#needed);
    return { outcome: kind, reason };
  }

  /** @throws {Refusal} with the reason; then nothing has changed */
  restore(restore: RestoreFiles, who: string): Promise<void> {
    const { files = [], beside } = restore;
    const message = 'out of a backup';
    const wish = { files, message, overDrift: files.length > 0 };
    return this.#hands.take(async () => {
      const cause = { who, why: 'restore', message } as const;
      if (files.length + beside.size > 0)
        return this.#apply(wish, cause, files.length > 0 ? new Map(files) : undefined, restore);
      this.#refuseBusy();
      restore.decide();
      this.#finish(restore, this.#hands.texts());
      this.note(cause);
    });
  }

  /** The history that comes does not know what was in force until now. @throws {Error} of the file system: it is done at the next start then */
  #finish({ finish }: RestoreFiles, back: Texts): void {
    this.#record.close();
    finish();
    this.#record.keepByHand(back, 'in force before the restore');
  }

  #refuseBusy(): void {
    this.canary.refuseBusy();
    if (this.#entry)
      throw refuse(409, 'unconfirmed', 'a change waits for its confirmation: confirm it, or roll it back');
    if (this.#hands.isShared())
      throw refuse(409, 'upgrade', 'another process of moat is taking over: try again');
  }

  /** @param whole what it is to be with all its files; undefined: what it becomes */
  async #apply(wish: ApplyWish, cause: Cause, whole?: Texts, restore?: RestoreFiles): Promise<void> {
    this.#refuseBusy();
    const { model, texts } = soundOf(wish, this.#hands, this.#record, whole, restore);
    if (restore) this.#keepStrangers(restore);
    await this.#write(wish, cause, () => this.#hands.bring(model, texts), restore);
  }

  /** What lies in the place of a file, and was never in force. */
  #keepStrangers({ files = [], beside }: RestoreFiles): void {
    const inForce = this.#hands.texts();
    const lost = [...files, ...beside].flatMap(([path, text]) => {
      const now = inForce.has(path) ? undefined : onDisk(path);
      return now === undefined || now === text ? [] : [[path, now] as const];
    });
    if (lost.length > 0) this.#record.keepByHand(new Map(lost));
  }

  /** The files are on the disk, beside their places, before anything changes: a full disk refuses the change, not its end. */
  async #write(
    wish: ApplyWish,
    cause: Cause,
    bring: () => Promise<readonly string[]>,
    restore?: RestoreFiles,
  ): Promise<void> {
    const beside = restore?.beside ?? new Map<string, string>();
    const entry = this.#entryOf(wish, cause, beside);
    const back = this.#hands.texts();
    const staged = stage(new Map([...wish.files, ...beside]), restore?.modes);
    try {
      this.#journal.begin(entry);
      await this.#whole(bring, back);
    } catch (fault) {
      staged.abandon();
      this.#journal.end();
      throw fault;
    }
    try {
      restore?.decide();
      staged.commit();
    } catch (fault) {
      restore?.undecide();
      stage(new Map(entry.before.map(([path, text]) => [path, text ?? undefined]))).commit();
      this.#journal.end();
      await this.#bringTexts(back);
      throw fault;
    }
    if (entry.deadlineMs === undefined) this.#journal.end();
    else {
      this.#journal.wait();
      this.#await(entry);
    }
    if (restore) this.#finish(restore, back);
    this.note(cause);
  }

  /** Everywhere, or nowhere. */
  async #whole(bring: () => Promise<readonly string[]>, back: Texts): Promise<void> {
    const missing = await bring();
    if (missing.length === 0) return;
    await this.#bringTexts(back);
    throw refuse(409, 'not-everywhere', `${missing.join('; ')}: what was in force before is again`);
  }

  /** @throws {Error} when they are no longer sound */
  async #bringTexts(texts: Texts): Promise<void> {
    const { invocation } = this.#hands;
    const { model } = loadWithRules(invocation, { texts, folder: '/', known: new Set(texts.keys()) });
    if (!model) throw new Error('the configuration to go back to is faulty by now');
    const missing = await this.#hands.bring(model, texts);
    for (const one of missing) this.#hands.log().emerg(one);
  }

  /** The way back leads to what is in force, of files that were changed by hand as well. */
  #entryOf({ files, confirmMs }: ApplyWish, { who }: Cause, beside: Texts): JournalEntry {
    const inForce = this.#hands.texts();
    const wanted = new Map(files);
    const paths = [...new Set([...wanted.keys(), ...this.drift()])];
    const others = [...beside].map(([path, text]) => ({ path, text, was: onDisk(path) ?? null }));
    return {
      ...{ who, backTo: this.id, confirmMs, ...writerOf(process.pid) },
      before: [
        ...paths.map(path => [path, inForce.get(path) ?? null] as const),
        ...others.map(({ path, was }) => [path, was] as const),
      ],
      after: [
        ...paths.map(path => [path, wanted.get(path) ?? onDisk(path) ?? null] as const),
        ...others.map(({ path, text }) => [path, text] as const),
      ],
      deadlineMs: confirmMs === undefined ? undefined : Date.now() + confirmMs,
    };
  }

  #await(entry: JournalEntry): void {
    this.#entry = entry;
    const restMs = (entry.deadlineMs ?? 0) - Date.now();
    this.#wake(Math.min(Math.max(0, restMs), entry.confirmMs ?? 0));
  }

  #wake(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#expire(), afterMs).unref();
  }

  async #expire(): Promise<void> {
    await this.#hands.take(async () => {
      if (!this.#entry) return;
      if (this.#hands.isShared()) return this.#look();
      await this.#goBack({
        who: this.#entry.who,
        why: 'unconfirmed',
        message: 'it was not confirmed in time',
      });
    });
  }

  /** Of two processes on the same files neither acts; whoever is left does. */
  #look(): void {
    if (this.#journal.read()) this.#wake(AGAIN_MS);
    else this.#entry = undefined;
  }

  /** What was in force comes back first, then the files: a full disk does not keep a bad configuration in force. */
  async #goBack(cause: Cause): Promise<void> {
    const entry = this.#entry!;
    this.#hands.log().warn(`the unconfirmed configuration is taken back: ${cause.message}`);
    try {
      const texts = new Map(this.#hands.texts());
      for (const [path, text] of entry.before)
        if (text === null) texts.delete(path);
        else texts.set(path, text);
      await this.#bringTexts(texts);
      restore(entry, this.#folder, this.#record.open);
      this.#over();
      this.note(cause);
    } catch (fault) {
      this.#hands
        .log()
        .emerg(
          `the unconfirmed configuration cannot be taken back: ${(fault as Error).message}: it is tried again`,
        );
      this.#wake(AFTER_FAULT_MS);
      throw refuse(503, 'no-way-back', (fault as Error).message);
    }
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#journal.end();
    this.#entry = undefined;
  }

  /** What waits stays. @throws {Refusal} when nothing does */
  confirm(who: string): Promise<void> {
    return this.#hands.take(async () => {
      if (!this.#entry) throw refuse(409, 'nothing-waits', 'no change waits for its confirmation');
      this.#over();
      this.#hands.log().notice(`the configuration is confirmed by ${who}`);
    });
  }

  /** @throws {Refusal} with the reason; then nothing has changed */
  rollback({ id, message, confirmMs, overDrift }: RollbackWish, who: string): Promise<void> {
    const stopped = id === undefined && this.canary.stop(`ended by ${who}`);
    if (stopped) return stopped;
    return this.#hands.take(async () => {
      if (this.#entry && (id === undefined || id === this.#entry.backTo))
        return this.#goBack({
          who,
          why: 'rollback',
          message: message ?? 'taken back before it was confirmed',
        });
      if (id === undefined)
        throw refuse(409, 'nothing-waits', 'no change waits for its confirmation: say which revision');
      const { texts } = this.find(id);
      const files = [...texts].filter(([path, text]) => onDisk(path) !== text);
      const why = message ?? `back to revision ${id}`;
      await this.#apply(
        { files, message: why, confirmMs, overDrift },
        { who, why: 'rollback', message: why },
        texts,
      );
    });
  }

  close(): void {
    this.canary.close();
    clearTimeout(this.#timer);
    this.#record.close();
  }
}
