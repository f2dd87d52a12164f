/** What `moat real-server join` has changed on this host, kept so that `leave` can take it back. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ChangedSetting {
  readonly path: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** This host is the far end of tunnels. */
export interface TunnelRecord {
  /** Whose packets are unwrapped. */
  readonly directors: readonly string[];
  /** UDP port of GUE; 0: IP in IP only. */
  readonly guePort: number;
  readonly interfaces: readonly string[];
  /** A folder in a bpffs. */
  readonly pinPath: string;
}

/** This host answers by way of a director. */
export interface NatRecord {
  readonly addresses: readonly string[];
  readonly directors: readonly string[];
}

export interface JoinRecord {
  /** Virtual addresses that this real server holds itself. */
  readonly addresses: readonly string[];
  /** Those that join has put on lo: others were there before. */
  readonly added: readonly string[];
  readonly settings: readonly ChangedSetting[];
  readonly tunnel?: TunnelRecord;
  readonly nat?: NatRecord;
}

export const NO_RECORD: JoinRecord = { addresses: [], added: [], settings: [] };

/** Gone after a restart of the host, like what it tells of. */
export const RECORD_PATH = '/run/moat/real-server.json';
/** Of the program that unwraps tunnels. */
export const PIN_PATH = '/sys/fs/bpf/moat-real-server';

export function readRecord(path: string): JoinRecord {
  try {
    const read: Partial<JoinRecord> = JSON.parse(readFileSync(path, 'utf8'));
    return { ...NO_RECORD, ...read };
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return NO_RECORD;
    throw new Error(`cannot read ${path}: ${(fault as Error).message}`, { cause: fault });
  }
}

/** Whole or not at all. */
export function writeRecord(path: string, record: JoinRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(record)}\n`);
  renameSync(`${path}.tmp`, path);
}

export const dropRecord = (path: string): void => rmSync(path, { force: true });
