/** What is kept of configurations: each that came into force, and what was replaced or tried without that. Traffic never hangs on it. */
import { refuse } from '../api/refusal.ts';
import type { Texts } from './place.ts';
import { keepByHand } from './recover.ts';
import { digestOf, HistoryStore, type Revision, type RevisionHead } from './store.ts';
import type { Cause, Hands } from './wish.ts';

export class ConfigRecord {
  readonly #hands: Pick<Hands, 'texts' | 'log'>;
  readonly #folder: string;
  #store: HistoryStore | undefined;
  #id: number | undefined;
  #fault: string | undefined;

  /** @param folder of the history */
  constructor(hands: Pick<Hands, 'texts' | 'log'>, folder: string) {
    this.#hands = hands;
    this.#folder = folder;
  }

  /** The revision in force; undefined: it could not be kept. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Why nothing is kept at the moment. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Keeps what is in force now, if it is another than before. Never throws: traffic does not hang on it. @param keep ids that stay, however old */
  note(cause: Cause, keep: readonly number[]): void {
    try {
      const texts = this.#hands.texts();
      const store = this.open();
      const newest = store.newest();
      const isSame = newest?.digest === digestOf(texts) && (cause.why === 'start' || cause.why === 'reload');
      this.#id = isSame ? newest.id : store.add({ ...cause, atMs: Date.now() }, texts, keep);
      this.#fault = undefined;
    } catch (fault) {
      this.#id = undefined;
      this.#broken(fault);
    }
  }

  #broken(fault: unknown): void {
    this.#fault = (fault as Error).message;
    this.close();
    this.#hands
      .log()
      .warn(`the configuration in force is not kept in the history "${this.#folder}": ${this.#fault}`);
  }

  /** @throws {Error} when none can be made */
  readonly open = (): HistoryStore => {
    return (this.#store ??= new HistoryStore(this.#folder, message =>
      this.#hands.log().error(`the history of configurations ${message}`),
    ));
  };

  /** The newest first. @throws {Refusal} when the history cannot be read */
  list(limit: number, before?: number): RevisionHead[] {
    return this.#read(store => store.list(limit, before));
  }

  /** @throws {Refusal} when there is none */
  find(id: number): Revision {
    const found = this.#read(store => store.find(id));
    if (!found) throw refuse(404, 'not-found', `there is no revision ${id}`);
    return found;
  }

  #read<T>(work: (store: HistoryStore) => T): T {
    try {
      return work(this.open());
    } catch (fault) {
      this.#broken(fault);
      throw refuse(503, 'history', `the history cannot be read: ${(fault as Error).message}`);
    }
  }

  /** What was tried and did not come into force. Never throws: it is a record. */
  keepTried(cause: Cause, texts: Texts, keep: readonly number[]): void {
    try {
      this.open().add({ ...cause, atMs: Date.now() }, texts, keep);
    } catch (fault) {
      this.#broken(fault);
    }
  }

  /** What was written by hand, or lay there, and is replaced. @throws {Error} when it can be kept nowhere */
  keepByHand(texts: Texts, message?: string): void {
    keepByHand(texts, this.#folder, this.open, message);
  }

  /** Others may write its file now; it is opened again when something is to be kept. */
  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }
}
