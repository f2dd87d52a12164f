/** The stream of lines that come into a log, as server-sent events: looked for once a second, few at a time, and what is too much is told as a gap. */
import type { ServerResponse } from 'node:http';
import type { LogAsk } from '../desk/questions.ts';
import type { Caller, Credentials } from '../http/credentials.ts';
import { busy, Refusal } from '../refusal.ts';
import type { RemoteDesk } from '../remote-desk.ts';

const EVERY_MS = 1000;
const QUIET_MS = 15_000;
const MOST_WATCHING = 16;
/** In one look; when more have come, the rest is left out, and that is told. */
const MOST_LINES = 200;
/** Who has so much in front of him is told nothing more until he has read it. */
const MOST_UNREAD_BYTES = 64 << 10;
const BEHIND_MS = 60_000;

type Ask = Pick<LogAsk, 'file' | 'conditions'>;

interface Watcher {
  readonly ask: Ask;
  readonly response: ServerResponse;
  readonly caller: Caller;
  /** '' before the first look: from the end on. */
  after: string;
  saidMs: number;
  timer: NodeJS.Timeout | undefined;
}

export class LogFeed {
  readonly #desk: Pick<RemoteDesk, 'read'>;
  readonly #credentials: Pick<Credentials, 'isGood'>;
  readonly #watching = new Set<Watcher>();
  readonly #everyMs: number;

  constructor(
    desk: Pick<RemoteDesk, 'read'>,
    credentials: Pick<Credentials, 'isGood'>,
    { everyMs = EVERY_MS } = {},
  ) {
    this.#desk = desk;
    this.#credentials = credentials;
    this.#everyMs = everyMs;
  }

  /** @throws {Refusal} when too many watch */
  readonly join = (ask: Ask) => {
    if (this.#watching.size >= MOST_WATCHING) throw busy('too many watch', 10);
    return (response: ServerResponse, caller: Caller): void => {
      const watcher: Watcher = {
        ...{ ask, response, caller, after: '' },
        ...{ saidMs: performance.now(), timer: undefined },
      };
      this.#watching.add(watcher);
      response.once('close', () => {
        clearTimeout(watcher.timer);
        this.#watching.delete(watcher);
      });
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      response.flushHeaders();
      void this.#look(watcher);
    };
  };

  close(): void {
    for (const { response } of this.#watching) response.end();
  }

  async #look(watcher: Watcher): Promise<void> {
    const { response, caller } = watcher;
    if (!this.#credentials.isGood(caller)) return void response.end(); // revoked, or ended
    if (response.writableLength > MOST_UNREAD_BYTES) {
      if (performance.now() - watcher.saidMs > BEHIND_MS) return void response.destroy();
    } else await this.#tell(watcher);
    if (!this.#watching.has(watcher)) return;
    watcher.timer = setTimeout(() => void this.#look(watcher), this.#everyMs);
  }

  async #tell(watcher: Watcher): Promise<void> {
    const isFirst = watcher.after === '';
    try {
      const found = await this.#find(watcher, watcher.after);
      const isCut = found.lines.length >= MOST_LINES;
      watcher.after = (isCut ? (await this.#find(watcher, '')).next : found.next) ?? '';
      const data = { items: found.lines, isCut };
      if (found.lines.length > 0 || isFirst)
        this.#say(watcher, `event: lines\ndata: ${JSON.stringify(data)}\n\n`);
      else if (performance.now() - watcher.saidMs > QUIET_MS) this.#say(watcher, ': nothing new\n\n');
    } catch (fault) {
      const detail = fault instanceof Refusal ? fault.data.detail : 'the log cannot be read';
      this.#say(watcher, `event: fault\ndata: ${JSON.stringify({ detail })}\n\n`);
    }
  }

  #find({ ask }: Watcher, after: string) {
    return this.#desk.read('log-lines', { ...ask, after, lines: MOST_LINES });
  }

  #say(watcher: Watcher, text: string): void {
    if (!this.#watching.has(watcher)) return;
    watcher.saidMs = performance.now();
    watcher.response.write(text, 'latin1');
  }
}
