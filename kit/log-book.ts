/** The error logs of one thread: that of the process, and those that servers and locations have of their own. */
import { hostname } from 'node:os';
import { AppendFile, type AppendFiles, type ByteSink } from './append-file.ts';
import { type LineClock, Log, type LogLevel, type LogSink } from './log.ts';
import { LogClock } from './log-time.ts';
import { SyslogSink, type SyslogTarget } from './syslog.ts';

/** Where lines of `level` and worse go; the `error_log` directive as data. */
export interface LogRoute {
  readonly target:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'stderr' }
    | ({ readonly kind: 'syslog' } & SyslogTarget);
  readonly level: LogLevel;
}

export interface LogMeans {
  /** Who speaks: `process#thread`. */
  readonly origin: string;
  readonly files: AppendFiles;
  /** Opens a socket that sends each write as a datagram to `host[:port]` or `unix:/path`. Never throws: lines are lost instead. */
  readonly datagrams: (server: string) => ByteSink;
}

const STDERR_FD = 2;

export class LogBook {
  /** The log of the process. */
  main: Log;
  readonly #means: LogMeans;
  readonly #clock: LineClock = new LogClock('error-log');
  readonly #stderr = new AppendFile('stderr', STDERR_FD);
  readonly #single = new WeakMap<LogRoute, Log>();
  readonly #syslog = new Map<string, ByteSink>();

  constructor(means: LogMeans, routes: readonly LogRoute[] = []) {
    this.#means = means;
    this.main = this.open(routes);
  }

  /** Opens the log of the process anew; whoever holds the old one may go on writing to it. @throws what open(2) says */
  replaceMain(routes: readonly LogRoute[]): void {
    this.main = this.open(routes);
  }

  /**
   * The log of a server or location.
   *
   * @param routes none: that of the process, as it is at this time
   * @throws what open(2) says of a file
   */
  open(routes: readonly LogRoute[]): Log {
    if (routes.length === 0 && this.main) return this.main;
    const opened = routes.map(({ level, target }) => ({ level, sink: this.#sink(target) }));
    return new Log(opened, this.#means.origin, this.#clock);
  }

  /** The log of one route, for writers that cannot fail: a file that cannot be opened is told of once in the main log. */
  one(route: LogRoute): Log {
    const known = this.#single.get(route) ?? this.#openOrComplain(route);
    this.#single.set(route, known);
    return known;
  }

  #openOrComplain(route: LogRoute): Log {
    try {
      return this.open([route]);
    } catch (fault) {
      this.main.emerg((fault as Error).message);
      return this.main;
    }
  }

  #sink(target: LogRoute['target']): LogSink {
    switch (target.kind) {
      case 'file':
        return linesTo(this.#means.files.open(target.path));
      case 'stderr':
        return linesTo(this.#stderr);
      case 'syslog':
        return new SyslogSink(this.#datagrams(target.server), target, hostname());
    }
  }

  #datagrams(server: string): ByteSink {
    const known = this.#syslog.get(server) ?? this.#means.datagrams(server);
    this.#syslog.set(server, known);
    return known;
  }
}

const linesTo = (file: AppendFile): LogSink => ({ write: line => file.write(`${line}\n`) });
