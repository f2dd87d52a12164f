/** The audit log as a file for each request, and an index: what `SecAuditLogType Concurrent` does in ModSecurity. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Audited, AuditSink } from '#waf';
import { fileFault } from '../content/file-fault.ts';

const two = (number: number): string => String(number).padStart(2, '0');

/** `20261128/20261128-0930` and `20261128-093015-ID`, in the machine's time, as ModSecurity names them. */
function placeOf({ id, startedMs }: Audited): { readonly folder: string; readonly name: string } {
  const at = new Date(startedMs);
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const minute = `${day}-${two(at.getHours())}${two(at.getMinutes())}`;
  return {
    folder: `${day}/${minute}`,
    name: `${minute}${two(at.getSeconds())}-${id.replace(/[^0-9A-Za-z-]/g, '_')}`,
  };
}

export class AuditFiles implements AuditSink {
  readonly #root: string;
  readonly #index: { write(line: string): void };
  #made: string | undefined;

  /** @param root the folder, latin1 @param index gets a line for each file, without its end */
  constructor(root: string, index: { write(line: string): void }) {
    this.#root = root;
    this.#index = index;
  }

  /** Where the file cannot be written the index gets all of it, and why: nothing is lost. */
  write(line: string, about: Audited): void {
    const { folder, name } = placeOf(about);
    const reason = this.#put(folder, name, line);
    if (reason !== undefined) this.#index.write(line);
    const { id, startedMs, clientAddress, method, target, status } = about;
    const transaction = {
      client_ip: clientAddress,
      time_stamp: new Date(startedMs).toISOString(),
      unique_id: id,
      request: { method, uri: target },
      response: { http_code: status },
    };
    const where =
      reason === undefined ? { file: `${folder}/${name}`, size: line.length + 1 } : { fault: reason };
    this.#index.write(JSON.stringify({ transaction, ...where }));
  }

  /** @returns why not, or undefined */
  #put(folder: string, name: string, line: string): string | undefined {
    const path = (below: string) => Buffer.from(`${this.#root}/${below}`, 'latin1');
    try {
      if (this.#made !== folder) mkdirSync(path(folder), { recursive: true, mode: 0o700 });
      this.#made = folder;
      writeFileSync(path(`${folder}/${name}`), `${line}\n`, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
      return undefined;
    } catch (error) {
      this.#made = undefined;
      return fileFault(error).reason;
    }
  }
}
