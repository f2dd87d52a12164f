/** Keys under passwords. */

/** Opens something without a password first, then with each one. @throws {Error} the last fault */
export function openWith<T>(passwords: readonly string[], open: (passphrase: string | undefined) => T): T {
  let fault: unknown;
  for (const passphrase of [undefined, ...passwords]) {
    try {
      return open(passphrase);
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}
