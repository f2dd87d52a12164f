/** What tcpdump sees on an interface, line by line. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Capture {
  /** One line a packet, as tcpdump writes it. */
  readonly lines: string[] = [];
  readonly started: Promise<void>;
  readonly #child: ChildProcess;
  #woken: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', line => {
      this.lines.push(line);
      for (const wake of this.#woken.splice(0)) wake();
    });
    this.started = new Promise((resolve, reject) => {
      let said = '';
      child.stderr!.on('data', piece => {
        said += piece;
        if (said.includes('listening on')) resolve();
      });
      child.on('close', () => reject(new Error(`tcpdump has ended: ${said}`)));
    });
  }

  /** Waits for a packet whose line matches. */
  async packet(pattern: RegExp): Promise<string> {
    for (let at = 0; ; at++) {
      while (at >= this.lines.length) await this.#more(pattern);
      if (pattern.test(this.lines[at]!)) return this.lines[at]!;
    }
  }

  #more(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`No packet like ${pattern} among\n${this.lines.join('\n')}`)),
        30_000,
      );
      this.#woken.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  stop(): void {
    this.#child.kill('SIGINT');
  }
}
