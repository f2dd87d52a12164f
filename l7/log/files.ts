/** The access log files of a worker: lines are joined for a turn of the event loop, or as long as `buffer=` says. */
import { gzipSync } from 'node:zlib';
import { type AppendFile, AppendFiles, type ByteSink } from '#kit/append-file.ts';
import { openDatagrams } from '#native/datagram.ts';

/** How lines are held before they are written. */
export interface Buffering {
  /** 0: until the end of this turn of the event loop. */
  readonly bufferBytes: number;
  readonly flushMs: number | undefined;
  readonly gzipLevel: number | undefined;
}

/** One open file; lines go out in order, whole. */
class LogFile {
  readonly #file: AppendFile;
  readonly #buffering: Buffering;
  #lines = '';
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(file: AppendFile, buffering: Buffering) {
    this.#file = file;
    this.#buffering = buffering;
  }

  write(line: string): void {
    const { bufferBytes, flushMs } = this.#buffering;
    this.#lines += line;
    if (bufferBytes > 0 && this.#lines.length >= bufferBytes) return this.flush();
    if (this.#scheduled) return;
    if (bufferBytes === 0) this.#scheduled = setImmediate(() => this.flush());
    else if (flushMs !== undefined) this.#scheduled = setTimeout(() => this.flush(), flushMs).unref();
  }

  flush(): void {
    if (this.#scheduled) {
      clearImmediate(this.#scheduled as NodeJS.Immediate);
      clearTimeout(this.#scheduled as NodeJS.Timeout);
      this.#scheduled = undefined;
    }
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    const { gzipLevel } = this.#buffering;
    this.#file.write(gzipLevel === undefined ? lines : compressed(lines, gzipLevel));
  }
}

/** A whole member of gzip's format: a file may be many of them, one after the other (RFC 1952 §2.2). */
const compressed = (bytes: string, level: number): string =>
  gzipSync(Buffer.from(bytes, 'latin1'), { level }).toString('latin1');

/** Files whose paths have variables: above it the one that was opened first is closed. */
const MOST_NAMED_BY_REQUESTS = 128;

export class LogFiles {
  readonly #appended: AppendFiles;
  readonly #files = new Map<string, LogFile>();
  readonly #namedByRequests = new Map<string, LogFile>();
  readonly #syslog = new Map<string, ByteSink>();

  /** @param appended descriptors that the process was given; other paths are opened here */
  constructor(appended = new AppendFiles()) {
    this.#appended = appended;
  }

  /** The file of that path, opened at once so that a missing folder shows early. @throws what open(2) says */
  file(path: string, buffering: Buffering): ByteSink {
    const known = this.#files.get(path);
    if (known) return known;
    const file = new LogFile(this.#appended.open(path), buffering);
    this.#files.set(path, file);
    return file;
  }

  /** A file that a request names; few of them are open at a time. @throws what open(2) says */
  fileOfRequest(path: string, buffering: Buffering): ByteSink {
    const known = this.#files.get(path) ?? this.#namedByRequests.get(path);
    if (known) return known;
    const file = new LogFile(this.#appended.open(path), buffering);
    this.#namedByRequests.set(path, file);
    const [oldest] = this.#namedByRequests;
    if (oldest && this.#namedByRequests.size > MOST_NAMED_BY_REQUESTS) this.#closeNamed(...oldest);
    return file;
  }

  /** The way to a syslog server; all logs of the worker share it. */
  syslog(server: string): ByteSink {
    const known = this.#syslog.get(server) ?? openDatagrams(server);
    this.#syslog.set(server, known);
    return known;
  }

  flush(): void {
    for (const file of this.#files.values()) file.flush();
    for (const file of this.#namedByRequests.values()) file.flush();
  }

  /** What is joined so far belongs to the old files. @returns why some could not be opened anew */
  reopen(): Error[] {
    this.flush();
    for (const named of this.#namedByRequests) this.#closeNamed(...named);
    return this.#appended.reopen();
  }

  close(): void {
    this.flush();
    this.#files.clear();
    this.#namedByRequests.clear();
  }

  #closeNamed(path: string, file: LogFile): void {
    file.flush();
    this.#namedByRequests.delete(path);
    this.#appended.close(path);
  }
}
