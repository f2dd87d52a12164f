/** Load from a host of the lab, and whether it has noticed anything. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Host } from './lab.ts';

/** A client at work. */
export class Load {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #text = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout!.on('data', piece => (this.#text += piece));
    child.stderr!.on('data', piece => (this.#text += piece));
    this.#closed = once(child, 'close');
  }

  /** Waits until it ends by itself. */
  async end(): Promise<{ status: number | null; text: string }> {
    const [status] = await this.#closed;
    return { status: status as number | null, text: this.#text };
  }

  /** Of requests(): ends them. @throws {AssertionError} unless they were some, and all good */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const { text } = await this.end();
    const [, bad, all] = /bad (\d+) of (\d+)/.exec(text) ?? [];
    assert.equal(bad, '0', text);
    assert.ok(Number(all) > 5, text);
  }
}

/** Requests one after another, each by a connection of its own, until it is stopped. */
export const requests = (client: Host, url: string): Load =>
  new Load(
    client.start(
      'sh',
      '-c',
      `trap 'echo bad $bad of $all; exit' TERM; bad=0; all=0; echo begun
        while :; do curl -gsS -m 10 -o /dev/null ${url} || bad=$((bad+1)); all=$((all+1)); sleep 0.02; done`,
    ),
  );

/** One connection that takes its time; at its end it says the status and the bytes. */
export const download = (client: Host, url: string, rate = '1M'): Load =>
  new Load(
    client.start(
      ...[
        'curl',
        '-gsS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{size_download}',
        '--limit-rate',
        rate,
        url,
      ],
    ),
  );
