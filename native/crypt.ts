/** crypt(3): the password hashes of /etc/shadow and htpasswd, by the C library. */
import { addon } from './addon.ts';

/** CRYPT_MAX_PASSPHRASE_SIZE - 1: what libcrypt takes; nobody's password is longer. */
const KEY_LIMIT_BYTES = 511;

/** A key that C would cut short must not match the hash of its beginning. */
const isHashable = (key: string): boolean => key.length <= KEY_LIMIT_BYTES && !key.includes('\0');

/**
 * Hashes `key` the way `setting` says; a password is right when `cryptHash(password, hash) === hash`.
 *
 * Takes as long as the hash was made to take (bcrypt at cost 10: some 50 ms) and blocks the thread meanwhile.
 *
 * @param key a binary string (each char a byte)
 * @param setting a stored hash, or its beginning ("$2y$10$...", "$6$...", "$1$...", two chars of DES)
 * @returns undefined if the setting is of no known kind, or the key holds NUL or more than 511 bytes
 */
export const cryptHash = (key: string, setting: string): string | undefined =>
  isHashable(key) ? addon().cryptHash(key, setting) : undefined;

/** cryptHash() on a thread of the pool, for those who serve others meanwhile. */
export const cryptHashAsync = (key: string, setting: string): Promise<string | undefined> =>
  new Promise(resolve => {
    if (isHashable(key)) addon().cryptHashAsync(key, setting, resolve);
    else resolve(undefined);
  });
