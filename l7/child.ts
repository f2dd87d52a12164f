/** One life of the L7 process as control sees it: spawned, asked, handed descriptors, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Line, type Said } from '#kit/line.ts';
import { closeFd, sendFds, socketPair } from '#native/socket.ts';
import type { PlaneNews, ToControl, ToProcess } from './messages.ts';

const ENTRY = fileURLToPath(new URL('./process.ts', import.meta.url));
/**
 * V8 would let a heap grow to four times what lives in it before it looks for what is dead. That is made by traffic, in each
 * thread: with the OWASP rules some 20 MB live, and 55 were held. Less than 60 would cost more than it gives (decisions/064).
 */
const FLAGS = ['--heap-growing-percent=60', '--disable-sigusr1'];

/** Below the kernel's 253 of one message (SCM_MAX_FD). */
const DESCRIPTORS_PER_MESSAGE = 250;

/** The news of a death comes through the event loop; its effects on channels may come before. */
const GONE_PATIENCE_MS = 200;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Child {
  readonly startedAtMs = performance.now();
  /** Told of what it says without being asked. */
  tell: (news: PlaneNews) => void = () => {};
  /** Answers what the process asks. */
  work: (question: ToControl) => unknown = () => undefined;
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #line: Line<ToProcess>;
  readonly #descriptors: number;

  /** @param warmWorkers threads to start at once */
  constructor(env: NodeJS.ProcessEnv, warmWorkers = 1) {
    const [ours, theirs] = socketPair();
    this.#descriptors = ours;
    this.#process = spawn(process.execPath, [...process.execArgv, ...FLAGS, ENTRY, `${warmWorkers}`], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', theirs],
      serialization: 'advanced', // keeps the bytes of a configuration bytes
      env,
    });
    closeFd(theirs);
    this.#line = new Line(message =>
      this.#process.send(message, fault => fault && this.#line.break(fault.message)),
    );
    this.#process.on('message', message =>
      this.#line.take(message as Said<ToControl, PlaneNews>, this.work, this.tell),
    );
    this.ended = new Promise(resolve => {
      this.#process.once('error', () => resolve({ code: null, signal: null }));
      this.#process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void this.ended.then(() => {
      this.#line.break('the L7 process died');
      closeFd(ours);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Copies `fds` to the process; the next question must tell it what they are. @throws code EPIPE when it has died */
  give(fds: readonly number[]): void {
    for (let at = 0; at < fds.length; at += DESCRIPTORS_PER_MESSAGE)
      sendFds(this.#descriptors, fds.slice(at, at + DESCRIPTORS_PER_MESSAGE), new Uint8Array(1));
  }

  /** @throws {Error} with the refusal, or when the process dies before it answers */
  ask<A = void>(question: ToProcess): Promise<A> {
    return this.#line.ask<A>(question);
  }

  /** Whether it has ended, or is about to: its end of the descriptor socket is closed by the kernel before we hear of it. */
  async isGone(): Promise<boolean> {
    const soon = sleep(GONE_PATIENCE_MS, false, { ref: false });
    return Promise.race([this.ended.then(() => true), soon]);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }
}

export const howItEnded = ({ code, signal }: Ending): string =>
  signal ? `was ended by ${signal}` : code === null ? 'could not be started' : `exited with code ${code}`;
