/** Syslog messages in the form that nginx sends: RFC 3164, one datagram each. */
import type { ByteSink } from './append-file.ts';
import { type LogLevel, SEVERITY } from './log-level.ts';
import { LogClock } from './log-time.ts';

/** What the parameters of `syslog:` say. */
export interface SyslogTarget {
  /** `host`, `host:port` or `unix:/path`. */
  readonly server: string;
  readonly facility: string;
  readonly tag: string;
  /** False leaves the hostname out (`nohostname`). */
  readonly hostname?: boolean;
}

/** By number: RFC 3164 §4.1.1, with nginx's names. */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'intern', 'lpr', 'news', 'uucp', 'clock', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'cron', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6'],
  'local7',
];

/** Writes messages of one tag and facility to a connected datagram socket. */
export class SyslogSink {
  readonly #socket: ByteSink;
  readonly #facility: number;
  readonly #sender: string;
  readonly #clock = new LogClock('syslog');

  constructor(socket: ByteSink, target: SyslogTarget, hostname: string) {
    this.#socket = socket;
    this.#facility = Math.max(0, FACILITIES.indexOf(target.facility)) * 8;
    this.#sender = target.hostname === false ? target.tag : `${hostname} ${target.tag}`;
  }

  write(line: string, level: LogLevel): void {
    this.#socket.write(`<${this.#facility + SEVERITY[level]}>${this.#clock.now()} ${this.#sender}: ${line}`);
  }
}
