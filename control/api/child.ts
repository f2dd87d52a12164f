/** One life of the API process as control sees it: it is asked, and asks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Line, type Said } from '#kit/line.ts';
import type { ToControl, ToIdentity } from './desk/questions.ts';
import type { ApiNews, ToApi } from './messages.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/** Whatever strangers send, it does not eat the machine. */
const FLAGS = ['--max-old-space-size=256', '--max-semi-space-size=4', '--disable-sigusr1'];
/** stdin, stdout, stderr and the channel come before. */
export const FIRST_FD = 4;

export class ApiChild {
  readonly startedAtMs = performance.now();
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #line: Line<ToApi>;
  #changes = 0;

  /** @param fds that it listens on; they stay control's @param work answers what it asks */
  constructor(
    env: NodeJS.ProcessEnv,
    fds: readonly number[],
    work: (question: ToControl | ToIdentity) => unknown,
    hear: (news: ApiNews) => void,
  ) {
    this.#process = spawn(process.execPath, [...process.execArgv, ...FLAGS, ENTRY], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...fds],
      serialization: 'advanced',
      env,
    });
    this.#line = new Line(message => {
      if (this.#process.connected)
        this.#process.send(message, fault => fault && this.#line.break(fault.message));
    });
    this.#process.on('message', message =>
      this.#line.take(
        message as Said<ToControl | ToIdentity, ApiNews>,
        question => this.#work(question, work),
        hear,
      ),
    );
    this.ended = new Promise(done => {
      this.#process.once('error', fault => done(`could not be started: ${fault.message}`));
      this.#process.once('exit', (code, signal) =>
        done(signal ? `was ended by ${signal}` : `exited with code ${code}`),
      );
    });
    void this.ended.then(how => this.#line.break(`the API process ${how}`));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Whether a change that it was asked for is under way. */
  get isChanging(): boolean {
    return this.#changes > 0;
  }

  async #work(
    question: ToControl | ToIdentity,
    work: (question: ToControl | ToIdentity) => unknown,
  ): Promise<unknown> {
    if (question.kind !== 'change') return work(question);
    this.#changes++;
    try {
      return await work(question);
    } finally {
      this.#changes--;
    }
  }

  /** @throws {Error} with the refusal, or when the process dies before it answers */
  ask(demand: ToApi): Promise<void> {
    return this.#line.ask(demand);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Lets it end. */
  disconnect(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
