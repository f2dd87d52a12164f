/** What must outlive a process: that this node is in maintenance, and what it leaves to its successor. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An instance that was active, and when it last advertised (ms of CLOCK_MONOTONIC). */
export interface Legacy {
  readonly name: string;
  readonly sentMs: number;
}

const MAINTENANCE = 'maintenance';
const HANDOVER = 'handover.json';
const INCIDENTS = 'incidents.json';

export class StateFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The operator's reason; undefined: it is not in maintenance. */
  get maintenance(): string | undefined {
    return this.#read(MAINTENANCE)?.trim();
  }

  /** @throws {Error} when it cannot be kept */
  setMaintenance(reason: string | undefined): void {
    if (reason === undefined) rmSync(join(this.#path, MAINTENANCE), { force: true });
    else this.#write(MAINTENANCE, `${reason}\n`);
  }

  bequeath(legacies: readonly Legacy[]): void {
    this.#write(HANDOVER, JSON.stringify(legacies));
  }

  /** What the process before has left, once. */
  inherit(): readonly Legacy[] {
    const text = this.#read(HANDOVER);
    rmSync(join(this.#path, HANDOVER), { force: true });
    return text === undefined ? [] : JSON.parse(text);
  }

  /** Partitions that were, as JSON. */
  get incidents(): string | undefined {
    return this.#read(INCIDENTS);
  }

  keepIncidents(text: string): void {
    this.#write(INCIDENTS, text);
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#path, name), 'utf8');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
      return undefined;
    }
  }

  /** Whole, or not at all. */
  #write(name: string, text: string): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    const path = join(this.#path, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
