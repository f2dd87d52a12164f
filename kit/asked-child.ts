/** A child process that does what it is asked, and answers; it dies by itself when its parent is gone (IPC is disconnected). */
import { type ChildProcess, spawn } from 'node:child_process';

/** What it sends in answer to a demand. */
export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  /** Why it was refused. */
  readonly fault: string | undefined;
  readonly value?: unknown;
}

export interface ChildOptions<Told> {
  /** In sentences: `the L4 process`. */
  readonly name: string;
  /** The file that it runs. */
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** What it says unasked. */
  readonly hear: (message: Told) => void;
}

/** One life of a process. `Demand`: what it may be asked, without the number that goes with it. */
export class AskedChild<Demand extends object, Told extends { readonly kind: string }> {
  readonly startedAtMs = performance.now();
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 1;

  constructor({ name, entry, env, flags = [], hear }: ChildOptions<Told>) {
    this.#process = spawn(process.execPath, [...process.execArgv, ...flags, '--disable-sigusr1', entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      env,
    });
    this.#process.on('message', message => {
      const told = message as Answer | Told;
      if (isAnswer(told)) this.#settle(told);
      else hear(told);
    });
    this.ended = new Promise(done => {
      this.#process.once('error', fault => done(`could not be started: ${fault.message}`));
      this.#process.once('exit', (code, signal) =>
        done(signal ? `was ended by ${signal}` : `exited with code ${code}`),
      );
    });
    void this.ended.then(how => {
      for (const settled of this.#open.values()) settled.reject(new Error(`${name} ${how}`));
      this.#open.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  #settle({ id, fault, value }: Answer): void {
    const settled = this.#open.get(id);
    this.#open.delete(id);
    if (fault === undefined) settled?.resolve(value);
    else settled?.reject(new Error(fault));
  }

  /** `A` is what it answers. @throws {Error} with the refusal, or when the process dies before it answers */
  ask<A = void>(demand: Demand): Promise<A> {
    const id = this.#next++;
    const settled = Promise.withResolvers<unknown>();
    this.#open.set(id, settled);
    this.#process.send({ ...demand, id }, fault => fault && settled.reject(fault));
    return settled.promise as Promise<A>;
  }

  disconnect(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

const isAnswer = (message: Answer | { readonly kind: string }): message is Answer =>
  message.kind === 'answer';
