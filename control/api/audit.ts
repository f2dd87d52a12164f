/** The audit log: a line of JSON for every change, in a file of bounded size. What cannot be written down is not done. */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

export interface AuditEntry {
  /** By which pages know where they end. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `token NAME (ID)` or `socket`. */
  readonly who: string;
  /** The client's address; undefined on the control socket. */
  readonly from?: string | undefined;
  /** The change: `l4-real`, `maintenance`. */
  readonly what: string;
  /** What it is about, and what was wanted. */
  readonly wish: unknown;
  readonly before: unknown;
  /** Undefined: it failed. */
  readonly after?: unknown;
  readonly fault?: string | undefined;
}

export const entryOf = (entry: Omit<AuditEntry, 'id' | 'at'>): AuditEntry => ({
  id: randomBytes(8).toString('hex'),
  at: new Date().toISOString(),
  ...entry,
});

const OWNER_ONLY = 0o600;
/** Of one line: a wish is bounded, the state of a resource as well. */
const MOST_LINE = 32 << 10;
const MOST_PENDING = 64;

export class AuditLog {
  readonly #path: string;
  readonly #limitBytes: number;
  #fd: number;
  #sizeBytes: number;
  /** Done, and not written down yet: the disk refused it. */
  #pending: string[] = [];
  /** The file ends with half a line. */
  #torn = false;

  /** @throws {Error} when the file cannot be opened */
  constructor(folder: string, limitBytes: number) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = pathIn(folder);
    this.#limitBytes = limitBytes;
    this.#fd = openSync(this.#path, 'a', OWNER_ONLY);
    this.#sizeBytes = fstatSync(this.#fd).size;
  }

  /** Before a change: @throws {Error} when one that was done before could not be written down, and still cannot */
  flush(): void {
    while (this.#pending.length > 0) {
      this.#append(this.#pending[0]!);
      this.#pending.shift();
    }
  }

  /** After a change. @throws {Error} when the disk refuses; the line is kept, and further changes are refused by flush() */
  write(entry: AuditEntry): void {
    const text = JSON.stringify(entry);
    const line =
      text.length <= MOST_LINE
        ? text
        : JSON.stringify({ ...entry, before: 'cut', after: 'cut', wish: 'cut' });
    if (this.#pending.length < MOST_PENDING) this.#pending.push(`${line}\n`);
    this.flush();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(line: string): void {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#limitBytes) this.#turn();
    const written = writeSync(this.#fd, bytes);
    this.#sizeBytes += written;
    this.#torn = written < bytes.length;
    if (this.#torn) throw new Error('the disk is full');
  }

  /** The full file takes the place of the one before. */
  #turn(): void {
    renameSync(this.#path, `${this.#path}.1`);
    const fd = openSync(this.#path, 'a', OWNER_ONLY);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#sizeBytes = 0;
  }
}

/** The newest first. */
export function readAudit(folder: string): AuditEntry[] {
  const path = pathIn(folder);
  const lines = [`${path}.1`, path].flatMap(linesOf);
  return lines.reverse().flatMap(parsed);
}

const pathIn = (folder: string): string => `${folder}/audit.jsonl`;

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return []; // there was none before this one
    throw fault;
  }
}

/** Half a line, after a full disk, is left out. */
function parsed(line: string): AuditEntry[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
