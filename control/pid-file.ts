/** The file that tells scripts and signals which process is control. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { bytesOf } from './host/path-bytes.ts';
import { systemReason } from './load.ts';

export class PidFile {
  #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  /** @throws {Error} with the reason in nginx's words */
  write(): void {
    try {
      writeFileSync(bytesOf(this.#path), `${process.pid}\n`);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).syscall === 'write') this.#removeEmpty();
      throw new Error(`open() "${this.#path}" failed ${systemReason(fault)}`, { cause: fault });
    }
  }

  /** A full disk takes the name and not the number: who finds such a file cannot tell whether a process is about to write it. */
  #removeEmpty(): void {
    const path = bytesOf(this.#path);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() && found.size === 0) rmSync(path, { force: true });
  }

  /** Keeps the file under another name while a successor writes its own. @throws what rename(2) says */
  rename(path: string): void {
    renameSync(bytesOf(this.#path), bytesOf(path));
    this.#path = path;
  }

  /** Removes the file, if it still names this process. */
  remove(): void {
    if (readPid(this.#path) === process.pid) rmSync(bytesOf(this.#path), { force: true });
  }
}

/** The number in a pid file, undefined when there is none. */
export function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(bytesOf(path), 'latin1').trim();
    return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/** The process that a pid file names. @throws {Error} in nginx's words when the file is missing or names none */
export function pidIn(path: string): number {
  let text: string;
  try {
    text = readFileSync(bytesOf(path), 'latin1').trim();
  } catch (fault) {
    throw new Error(`open() "${path}" failed ${systemReason(fault)}`, { cause: fault });
  }
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`invalid PID number "${text}" in "${path}"`);
  return Number(text);
}
