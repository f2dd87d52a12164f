/** The files that sources of members are, or are let in by: the L7 process has given root away, and has them read. */
import { constants, open } from 'node:fs/promises';
import type { FileText } from '#l7';
import { filesOfDiscovery } from '#model/l7/discovery.ts';
import type { HttpModel } from '#model/l7/http.ts';
import { filesOfKubernetes } from '#model/l7/kubernetes.ts';
import { bytesOf } from '../host/path-bytes.ts';

const MOST_BYTES = 4 << 20;

type Sourced = Pick<HttpModel, 'pools'> & Partial<Pick<HttpModel, 'kubernetes'>>;

export class SourceFiles {
  #inForce: ReadonlySet<string> = new Set();
  #next: ReadonlySet<string> | undefined;
  #tried: ReadonlySet<string> | undefined;

  prepare(http: Sourced): void {
    this.#next = filesOf(http);
  }

  /** A process tries this configuration beside the one in force; undefined: none does. */
  tryOut(http: Sourced | undefined): void {
    this.#tried = http && filesOf(http);
  }

  commit(): void {
    this.#inForce = this.#next ?? this.#inForce;
    this.#next = undefined;
  }

  abandon(): void {
    this.#next = undefined;
  }

  /**
   * Nothing but what the configuration names is read: the process that asks is the one that strangers speak to.
   *
   * @param known a stamp @returns undefined when the file still has it @throws {Error} with the reason
   */
  readonly read = async (path: string, known: string | undefined): Promise<FileText | undefined> => {
    if (![this.#inForce, this.#next, this.#tried].some(files => files?.has(path)))
      throw new Error(`"${path}" is no file of a source`);
    try {
      return await textOf(path, known);
    } catch (fault) {
      const { code, message } = fault as NodeJS.ErrnoException;
      throw new Error(`"${path}" cannot be read: ${code ?? message}`);
    }
  };
}

const filesOf = ({ pools, kubernetes = [] }: Sourced): ReadonlySet<string> =>
  new Set([
    ...pools.flatMap(({ discovery }) => discovery.flatMap(filesOfDiscovery)),
    ...kubernetes.flatMap(filesOfKubernetes),
  ]);

async function textOf(path: string, known: string | undefined): Promise<FileText | undefined> {
  // A pipe would hold us up until somebody writes into it.
  const file = await open(bytesOf(path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) throw new Error('it is no plain file');
    const stamp = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
    if (stamp === known) return undefined;
    if (stat.size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES >> 20} MB`);
    const bytes = Buffer.alloc(Number(stat.size));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return { text: bytes.toString('utf8', 0, bytesRead), stamp };
  } finally {
    await file.close();
  }
}
