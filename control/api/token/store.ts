/** Tokens in a file that only its owner may read; control alone writes it. */
import { readOwnFile, writeOwnFile } from '../owner-file.ts';
import {
  isRole,
  isScope,
  makeToken,
  ROLES,
  type Role,
  SCOPES,
  type Scope,
  type TokenRecord,
} from './token.ts';

const MOST_TOKENS = 256;
const MOST_NAME = 64;

/** What an operator wants. */
export type TokenOrder =
  | {
      readonly kind: 'create';
      readonly name: string;
      readonly role: Role;
      readonly scopes?: readonly Scope[] | undefined;
      readonly lengthMs?: number | undefined;
    }
  /** By its id or its name. */
  | { readonly kind: 'revoke'; readonly token: string };

/** A token as it is shown: without its hash. */
export type ShownToken = Omit<TokenRecord, 'hash'>;

export class TokenStore {
  readonly #path: string;
  #records: readonly TokenRecord[] = [];
  /** Why nobody is believed: the file cannot be read. */
  fault: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.reload();
  }

  /** Another file lies there. */
  reload(): void {
    try {
      this.#records = read(this.#path);
      this.fault = undefined;
    } catch (fault) {
      this.#records = [];
      this.fault = (fault as Error).message;
    }
  }

  get records(): readonly TokenRecord[] {
    return this.#records;
  }

  list(): ShownToken[] {
    return this.#records.map(({ hash: _, ...shown }) => shown);
  }

  /** @returns the token, which is shown this once @throws {Error} with the reason; then there is none */
  create({ name, role, scopes, lengthMs }: Extract<TokenOrder, { kind: 'create' }>, nowMs: number) {
    refuseUnfit(name, role, scopes);
    if (this.#records.some(one => one.name === name)) throw new Error(`there is a token "${name}" already`);
    if (this.#records.length >= MOST_TOKENS)
      throw new Error(`there are ${MOST_TOKENS} tokens: revoke one that nobody uses`);
    const expiresMs = lengthMs === undefined ? undefined : nowMs + lengthMs;
    const made = makeToken({ name, role, scopes, expiresMs }, nowMs);
    this.#write([...this.#records, made.record]);
    return made;
  }

  /** @returns those that are no more @throws {Error} when there is none of that id or name */
  revoke(token: string): ShownToken {
    const gone = this.list().find(({ id, name }) => id === token || name === token);
    if (!gone) throw new Error(`there is no token "${token}"`);
    this.#write(this.#records.filter(({ id }) => id !== gone.id));
    return gone;
  }

  /** @throws {Error} also in the place of a file that cannot be read: somebody may mend it */
  #write(records: readonly TokenRecord[]): void {
    if (this.fault !== undefined)
      throw new Error(
        `the tokens cannot be read: ${this.fault}: mend ${this.#path} or move it away, and reload`,
      );
    writeOwnFile(this.#path, records);
    this.#records = records;
  }
}

function refuseUnfit(name: unknown, role: unknown, scopes: unknown): void {
  if (typeof name !== 'string' || !/^[\w.@-]+$/.test(name) || name.length > MOST_NAME)
    throw new Error(`a name is up to ${MOST_NAME} letters, digits and . _ @ -`);
  if (!isRole(role)) throw new Error(`"${role}" is not one of ${ROLES.join(', ')}`);
  if (scopes === undefined) return;
  const odd = Array.isArray(scopes) && scopes.length > 0 ? scopes.find(scope => !isScope(scope)) : '';
  if (odd !== undefined) throw new Error(`"${odd}" is not one of ${SCOPES.join(', ')}`);
}

function read(path: string): TokenRecord[] {
  const found = readOwnFile(path);
  if (found === undefined) return [];
  if (!Array.isArray(found) || !found.every(isRecord)) throw new Error(`${path} is not a list of tokens`);
  return found;
}

function isRecord(value: unknown): value is TokenRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, role, scopes, expiresMs, createdMs, hash } = value as Partial<TokenRecord>;
  return (
    typeof id === 'string' &&
    typeof name === 'string' &&
    isRole(role) &&
    (scopes === undefined || (Array.isArray(scopes) && scopes.every(isScope))) &&
    typeof createdMs === 'number' &&
    (expiresMs === undefined || typeof expiresMs === 'number') &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash)
  );
}
