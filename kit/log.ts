/** The error log: lines in nginx's form, to files, stderr and syslog, each from a level on. */
import { type LogLevel, SEVERITY } from './log-level.ts';

export type { LogLevel } from './log-level.ts';

/** Takes one finished line, without the line end. */
export interface LogSink {
  write(line: string, level: LogLevel): void;
}

/** A clock that tells the time as lines carry it. */
export interface LineClock {
  now(): string;
}

/** As long as nginx's longest: a line is one write, and stays whole among others. */
const LINE_LIMIT = 2048;

export class Log {
  /** The most talkative severity that any route takes; -1 when nothing is written at all. */
  readonly severity: number;
  readonly #routes: readonly { readonly severity: number; readonly sink: LogSink }[];
  readonly #origin: string;
  readonly #clock: LineClock;

  /** @param origin who speaks: `process#thread` */
  constructor(
    routes: readonly { readonly level: LogLevel; readonly sink: LogSink }[],
    origin: string,
    clock: LineClock,
  ) {
    this.#routes = routes.map(({ level, sink }) => ({ severity: SEVERITY[level], sink }));
    this.severity = Math.max(-1, ...this.#routes.map(route => route.severity));
    this.#origin = origin;
    this.#clock = clock;
  }

  /** Whether a line of `level` would be written: ask before making an expensive text. */
  enabled(level: LogLevel): boolean {
    return SEVERITY[level] <= this.severity;
  }

  /** @param message a latin1 string; bytes that would break or fake a line are written as `\xHH` */
  write(level: LogLevel, message: string): void {
    const severity = SEVERITY[level];
    if (severity > this.severity) return;
    const head = `${this.#clock.now()} [${level}] ${this.#origin}: `;
    const line = head + printable(message.slice(0, LINE_LIMIT - head.length));
    for (const route of this.#routes) if (severity <= route.severity) route.sink.write(line, level);
  }

  emerg(message: string): void {
    this.write('emerg', message);
  }

  alert(message: string): void {
    this.write('alert', message);
  }

  crit(message: string): void {
    this.write('crit', message);
  }

  error(message: string): void {
    this.write('error', message);
  }

  warn(message: string): void {
    this.write('warn', message);
  }

  notice(message: string): void {
    this.write('notice', message);
  }

  info(message: string): void {
    this.write('info', message);
  }

  debug(message: string): void {
    this.write('debug', message);
  }
}

const UNPRINTABLE = /[\x00-\x08\x0a-\x1f\x7f]/g;

function printable(text: string): string {
  if (text.search(UNPRINTABLE) === -1) return text;
  return text.replace(UNPRINTABLE, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
