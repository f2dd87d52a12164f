/** What is kept for one issuer: the account, certificates with their keys, orders under way. Files for the owner alone, each whole or not there. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { AcmeIssuer } from '#model/l7/acme.ts';
import { bytesOf } from '../host/path-bytes.ts';
import { recordOf } from './session.ts';

const OWNER_ONLY = 0o600;
/** Of a folder that an operator has put others into. */
const MOST_PAIRS = 500;
const FOLDER_OF_OWNER = 0o700;
const ACCOUNT_KEY = 'account.key';
const ACCOUNT = 'account.json';

/** Files of a folder that are worth a backup: the account, and certificates with their keys. */
export const isKeptFile = (name: string): boolean =>
  name === ACCOUNT_KEY || name === ACCOUNT || /^[\w-][\w.-]{0,250}\.pem$/.test(name);

/** PEM, latin1. */
export interface Pair {
  readonly chain: string;
  readonly key: string;
  /** The directory of who has issued it; '' where that is not known. */
  readonly uri: string;
  /** When it came, ms since 1970: certificates count in seconds. */
  readonly atMs: number;
}

/** A TXT record of dns-01. */
export interface TxtRecord {
  readonly domain: string;
  readonly name: string;
  readonly value: string;
}

/** An order that is not over: it is gone on with after a restart. */
export interface KeptOrder {
  readonly url: string;
  readonly key: string;
  /** Those that dns_hook has written. */
  readonly records: readonly TxtRecord[];
}

/** Orders that came to nothing: a restart must not be a way around the pause that follows. */
export interface KeptFailure {
  /** In a row. */
  readonly count: number;
  readonly message: string;
  /** When the next one may be begun, ms since 1970. */
  readonly dueMs: number;
}

/** The account as the authority knows it. */
export interface KeptAccount {
  /** Of the directory. */
  readonly uri: string;
  readonly url: string;
  readonly contacts: readonly string[];
}

/** The n-th PEM block of a kind in a text. */
const KEY_BLOCK = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----\r?\n?/;

export class AcmeStore {
  /** Undefined: nothing outlives the process. */
  readonly path: string | undefined;
  readonly #inMemory = new Map<string, string>();
  #edition = 0;

  constructor({ statePath }: Pick<AcmeIssuer, 'statePath'>) {
    this.path = statePath;
  }

  /** Another one when a certificate was kept. */
  get edition(): number {
    return this.#edition;
  }

  /** @throws {Error} of the file system */
  accountKey(): string | undefined {
    return this.#read(ACCOUNT_KEY);
  }

  /** @throws {Error} of the file system */
  keepAccountKey(pem: string): void {
    this.#write(ACCOUNT_KEY, pem);
  }

  account(): KeptAccount | undefined {
    const { uri, url, contacts } = this.#json(ACCOUNT);
    if (typeof uri !== 'string' || typeof url !== 'string' || !isTexts(contacts)) return undefined;
    return { uri, url, contacts };
  }

  /** @param account undefined: the authority does not know it any more */
  keepAccount(account: KeptAccount | undefined): void {
    if (account) this.#write(ACCOUNT, `${JSON.stringify(account)}\n`);
    else this.#remove(ACCOUNT);
  }

  /** @param file the second half of the certificate's id @throws {Error} of the file system */
  pair(file: string): Pair | undefined {
    const text = this.#read(`${file}.pem`);
    const key = text === undefined ? undefined : KEY_BLOCK.exec(text)?.[0];
    if (text === undefined || key === undefined) return undefined;
    const [, uri = '', at = '0'] = /^# (https:\S+)(?: (\d+))?/.exec(text) ?? [];
    return { key, chain: text.replace(key, ''), uri, atMs: Number(at) };
  }

  /** All that was issued here, for other names too. @throws {Error} of the file system */
  pairs(): Pair[] {
    const names = this.path === undefined ? [...this.#inMemory.keys()] : this.#names(this.path);
    return names
      .filter(name => name.endsWith('.pem') && isKeptFile(name))
      .slice(0, MOST_PAIRS)
      .flatMap(name => this.pair(name.slice(0, -'.pem'.length)) ?? []);
  }

  #names(path: string): string[] {
    return existsSync(bytesOf(path)) ? readdirSync(bytesOf(path), 'latin1') : [];
  }

  /** Key and certificate in one file, so that they can never be of two. @throws {Error} of the file system */
  keepPair(file: string, { key, chain, uri, atMs }: Pair): void {
    this.#edition++;
    this.#write(`${file}.pem`, `# ${uri} ${atMs}\n${key.trimEnd()}\n${chain}`);
  }

  order(file: string): KeptOrder | undefined {
    const { url, key, records } = this.#json(`${file}.order`);
    if (typeof url !== 'string' || typeof key !== 'string' || !Array.isArray(records)) return undefined;
    return { url, key, records: records.filter(isRecord) };
  }

  /** @param order undefined: it is over @throws {Error} of the file system */
  keepOrder(file: string, order: KeptOrder | undefined): void {
    if (order) this.#write(`${file}.order`, `${JSON.stringify(order)}\n`);
    else this.#remove(`${file}.order`);
  }

  failure(file: string): KeptFailure | undefined {
    const { count, message, dueMs } = this.#json(`${file}.failed`);
    if (!Number.isSafeInteger(count) || typeof message !== 'string' || !Number.isSafeInteger(dueMs))
      return undefined;
    return { count: Number(count), message, dueMs: Number(dueMs) };
  }

  /** @param failure undefined: it is over @throws {Error} of the file system */
  keepFailure(file: string, failure: KeptFailure | undefined): void {
    if (failure) this.#write(`${file}.failed`, `${JSON.stringify(failure)}\n`);
    else this.#remove(`${file}.failed`);
  }

  /** What is not to be read any more says nothing: it is only a shorter way. */
  #json(name: string): Record<string, unknown> {
    try {
      return recordOf(JSON.parse(this.#read(name) ?? '{}'));
    } catch {
      return {};
    }
  }

  #read(name: string): string | undefined {
    if (this.path === undefined) return this.#inMemory.get(name);
    try {
      return readFileSync(bytesOf(`${this.path}/${name}`), 'latin1');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fault;
    }
  }

  #write(name: string, text: string): void {
    if (this.path === undefined) return void this.#inMemory.set(name, text);
    mkdirSync(bytesOf(this.path), { recursive: true, mode: FOLDER_OF_OWNER });
    chmodSync(bytesOf(this.path), FOLDER_OF_OWNER);
    const beside = bytesOf(`${this.path}/.${name}.${randomBytes(4).toString('hex')}`);
    try {
      writeFileSync(beside, text, { encoding: 'latin1', mode: OWNER_ONLY, flag: 'wx', flush: true });
      renameSync(beside, bytesOf(`${this.path}/${name}`));
    } catch (fault) {
      rmSync(beside, { force: true });
      throw fault;
    }
  }

  #remove(name: string): void {
    if (this.path === undefined) this.#inMemory.delete(name);
    else rmSync(bytesOf(`${this.path}/${name}`), { force: true });
  }
}

const isTexts = (found: unknown): found is string[] =>
  Array.isArray(found) && found.every(one => typeof one === 'string');

function isRecord(found: unknown): found is TxtRecord {
  const { domain, name, value } = recordOf(found);
  return isTexts([domain, name, value]);
}
