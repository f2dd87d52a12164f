/** The access log files of a worker: lines are joined for a turn of the event loop, or as long as `buffer=` says. */
import { gzipSync } from 'node:zlib';
import { type AppendFile, AppendFiles, type ByteSink } from '#kit/append-file.ts';
import type { AccessLog } from '#model/l7/log.ts';
import { openDatagrams } from '#native/datagram.ts';
import { NamedFiles } from './named-files.ts';

/** How lines are held before they are written; 0 bytes: until the end of this turn of the event loop. */
export type Buffering = Pick<AccessLog, 'bufferBytes' | 'flushMs' | 'gzipLevel'>;

/** Room for lines that wait for the end of a turn only. */
const TURN_BYTES = 65_536;

/** One open file; lines go out in order, whole. They wait as bytes: thousands of small strings would cost far more. */
class LogFile implements ByteSink {
  readonly #file: AppendFile;
  readonly #buffering: Buffering;
  /** Made for the first line that waits. */
  #lines: Buffer | undefined;
  #used = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: AppendFile, buffering: Buffering) {
    this.#file = file;
    this.#buffering = buffering;
  }

  get dropped(): boolean {
    return this.#file.dropped;
  }

  /** A line that the buffer has no room for sends off those before it. */
  write(line: string): void {
    const { bufferBytes, flushMs } = this.#buffering;
    const { length } = line;
    this.#lines ??= Buffer.allocUnsafeSlow(bufferBytes || TURN_BYTES);
    if (this.#used + length > this.#lines.length) this.flush();
    if (length > this.#lines.length) return this.#send(Buffer.from(line, 'latin1'));
    this.#used += this.#lines.latin1Write(line, this.#used, length);
    if (bufferBytes === 0) this.#turnEnd ??= setImmediate(flush, this);
    else if (flushMs !== undefined) this.#timer ??= setTimeout(flush, flushMs, this).unref();
  }

  flush(): void {
    clearImmediate(this.#turnEnd);
    clearTimeout(this.#timer);
    this.#turnEnd = this.#timer = undefined;
    if (this.#used === 0) return;
    const lines = this.#lines!.subarray(0, this.#used);
    this.#used = 0;
    this.#send(lines);
  }

  #send(lines: Buffer): void {
    const { gzipLevel } = this.#buffering;
    // A whole member of gzip's format: a file may be many of them, one after the other (RFC 1952 §2.2).
    this.#file.writeBytes(gzipLevel === undefined ? lines : gzipSync(lines, { level: gzipLevel }));
  }
}

function flush(file: LogFile): void {
  file.flush();
}

export class LogFiles {
  /** Those whose paths have variables. */
  readonly named = new NamedFiles();
  readonly #appended: AppendFiles;
  readonly #files = new Map<string, LogFile>();
  readonly #syslog = new Map<string, ByteSink>();

  /** @param appended descriptors that the process was given; other paths are opened here */
  constructor(appended = new AppendFiles()) {
    this.#appended = appended;
  }

  /** The file of that path, opened at once so that a missing folder shows early. @throws what open(2) says */
  file(path: string, buffering: Buffering): ByteSink {
    const { bufferBytes, flushMs, gzipLevel } = buffering;
    const key = `${bufferBytes} ${flushMs} ${gzipLevel} ${path}`; // a reload may change how a file is buffered
    const known = this.#files.get(key);
    if (known && !known.dropped) return known;
    const file = new LogFile(this.#appended.open(path), buffering);
    this.#files.set(key, file);
    return file;
  }

  /** The way to a syslog server; all logs of the worker share it. */
  syslog(server: string): ByteSink {
    const known = this.#syslog.get(server) ?? openDatagrams(server);
    this.#syslog.set(server, known);
    return known;
  }

  /** Lines that were lost so far: the disk was full. */
  get lostLines(): number {
    return this.#appended.lostLines + this.named.lostLines;
  }

  flush(): void {
    for (const file of this.#files.values()) file.flush();
    this.named.flush();
  }

  /** What is joined so far belongs to the old files. @returns why some could not be opened anew */
  reopen(): Error[] {
    this.flush();
    this.named.closeAll();
    return this.#appended.reopen();
  }

  close(): void {
    this.flush();
    this.#files.clear();
    this.named.closeAll();
  }
}
