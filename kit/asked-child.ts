/** A child process that does what it is asked, and answers; it dies by itself when its parent is gone (IPC is disconnected). */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Answer, Line } from './line.ts';

/** What it sends in answer to a demand. */
export interface ChildAnswer extends Answer {
  readonly kind: 'answer';
}

/** What is to be logged in its stead. */
export interface ChildLog {
  readonly kind: 'log';
  readonly level: 'error' | 'warn' | 'notice';
  readonly message: string;
}

export interface ChildOptions<Told> {
  /** In sentences: `the L4 process`. */
  readonly name: string;
  /** The file that it runs. */
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** Open in it as FIRST_DESCRIPTOR and the next ones. */
  readonly descriptors?: readonly number[];
  /** What it says unasked. */
  readonly hear: (message: Told) => void;
}

/** What stands before: input, output, errors, the line to the parent. */
export const FIRST_DESCRIPTOR = 4;

/** One life of a process. `Demand`: what it may be asked, without the number that goes with it. */
export class AskedChild<Demand extends object, Told extends { readonly kind: string }> {
  readonly startedAtMs = performance.now();
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #line: Line<Demand>;

  constructor({ name, entry, env, flags = [], descriptors = [], hear }: ChildOptions<Told>) {
    this.#process = spawn(process.execPath, [...process.execArgv, ...flags, '--disable-sigusr1', entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors],
      serialization: 'advanced',
      env,
    });
    this.#line = new Line(demand =>
      this.#process.send(
        demand,
        fault => fault && 'id' in demand && this.#line.settle({ id: demand.id, fault: fault.message }),
      ),
    );
    this.#process.on('message', message => {
      const told = message as ChildAnswer | Told;
      if (isAnswer(told)) this.#line.settle(told);
      else hear(told);
    });
    this.ended = new Promise(done => {
      this.#process.once('error', fault => done(`could not be started: ${fault.message}`));
      this.#process.once('exit', (code, signal) =>
        done(signal ? `was ended by ${signal}` : `exited with code ${code}`),
      );
    });
    void this.ended.then(how => this.#line.break(`${name} ${how}`));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** `A` is what it answers. @throws {Error} with the refusal, or when the process dies before it answers */
  ask<A = void>(demand: Demand): Promise<A> {
    return this.#line.ask<A>(demand);
  }

  /** Ends it at once, even in the middle of an endless loop. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  disconnect(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

const isAnswer = (message: ChildAnswer | { readonly kind: string }): message is ChildAnswer =>
  message.kind === 'answer';
