/** Users in a file that only its owner may read; control alone reads and writes it. */
import { readOwnFile, writeOwnFile } from '../owner-file.ts';
import { notThere, refuse } from '../refusal.ts';
import { isRole, type Role } from '../token/token.ts';
import { isPasswordHash } from './password.ts';

const MOST_USERS = 256;
const MOST_NAME = 64;
/** Networks from which somebody has logged in: others cannot lock him out there. */
const MOST_NETWORKS = 8;

export interface UserRecord {
  readonly name: string;
  readonly role: Role;
  readonly isDisabled: boolean;
  /** argon2id, as a PHC string. */
  readonly password: string;
  readonly createdMs: number;
  /** The step of the last code that was taken is not taken again. */
  readonly totp: { readonly secret: string; readonly lastStep: number } | undefined;
  /** SHA-256 of codes that are left, hex. */
  readonly recovery: readonly string[];
  /** The latest last. */
  readonly networks: readonly string[];
}

/** A user as he is shown. */
export interface ShownUser {
  readonly name: string;
  readonly role: Role;
  readonly isDisabled: boolean;
  readonly createdMs: number;
  readonly hasTotp: boolean;
  readonly recoveryCodes: number;
}

export const shownUser = ({ name, role, isDisabled, createdMs, totp, recovery }: UserRecord): ShownUser => ({
  ...{ name, role, isDisabled, createdMs, hasTotp: totp !== undefined, recoveryCodes: recovery.length },
});

export class UserStore {
  readonly #path: string;
  #records: readonly UserRecord[] = [];
  /** Why nobody is let in: the file cannot be read. */
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

  get records(): readonly UserRecord[] {
    return this.#records;
  }

  /** A faulty file is not an empty one: nobody becomes admin by breaking it. */
  get isEmpty(): boolean {
    return this.fault === undefined && this.#records.length === 0;
  }

  find(name: string): UserRecord | undefined {
    return this.#records.find(one => one.name === name);
  }

  /** @throws {Refusal} 404 */
  need(name: string): UserRecord {
    const found = this.find(name);
    if (!found) throw notThere(`there is no user "${name}"`);
    return found;
  }

  /** @throws {Refusal} 409, 422 @throws {Error} of the disk; then nothing has changed */
  add(name: string, role: Role, password: string, nowMs: number): UserRecord {
    if (!/^[\w.@-]+$/.test(name) || name.length > MOST_NAME)
      throw refuse(422, 'name', `a name is up to ${MOST_NAME} letters, digits and . _ @ -`);
    if (!isRole(role)) throw refuse(422, 'role', `"${role}" is no role`);
    if (this.find(name)) throw refuse(409, 'there-already', `there is a user "${name}" already`);
    if (this.#records.length >= MOST_USERS) throw refuse(409, 'too-many', `there are ${MOST_USERS} users`);
    const more = { isDisabled: false, createdMs: nowMs, totp: undefined, recovery: [], networks: [] };
    const record = { name, role, password, ...more };
    this.#write([...this.#records, record]);
    return record;
  }

  /** @throws {Refusal} 409 when no admin would be left */
  change(name: string, change: Partial<Omit<UserRecord, 'name'>>): UserRecord {
    const record = { ...this.need(name), ...change };
    this.#write(this.#records.map(one => (one.name === name ? record : one)));
    return record;
  }

  /** @throws {Refusal} 409 when no admin would be left */
  remove(name: string): void {
    this.need(name);
    this.#write(this.#records.filter(one => one.name !== name));
  }

  /** He has logged in from there. */
  know(name: string, network: string): void {
    const { networks } = this.need(name);
    if (networks.at(-1) === network) return;
    const others = networks.filter(one => one !== network);
    this.change(name, { networks: [...others, network].slice(-MOST_NETWORKS) });
  }

  #write(records: readonly UserRecord[]): void {
    if (this.fault !== undefined) throw new Error(`the users cannot be read: ${this.fault}`);
    if (this.#records.some(isActiveAdmin) && !records.some(isActiveAdmin))
      throw refuse(409, 'last-admin', 'nobody would be left who may let others in');
    writeOwnFile(this.#path, records);
    this.#records = records;
  }
}

const isActiveAdmin = ({ role, isDisabled }: UserRecord): boolean => role === 'admin' && !isDisabled;

function read(path: string): UserRecord[] {
  const found = readOwnFile(path);
  if (found === undefined) return [];
  if (!Array.isArray(found) || !found.every(isRecord)) throw new Error(`${path} is not a list of users`);
  return found;
}

const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every(one => typeof one === 'string');

function isRecord(value: unknown): value is UserRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { name, role, isDisabled, password, createdMs, totp, recovery, networks } =
    value as Partial<UserRecord>;
  return (
    typeof name === 'string' &&
    isRole(role) &&
    typeof isDisabled === 'boolean' &&
    isPasswordHash(password) &&
    typeof createdMs === 'number' &&
    (totp === undefined || (/^[A-Z2-7]{32}$/.test(totp.secret) && Number.isInteger(totp.lastStep))) &&
    areTexts(recovery) &&
    areTexts(networks)
  );
}
