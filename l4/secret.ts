/** The secret of hashes that the machine draws for itself: kept, so that clients find their real servers after a restart. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export const SECRET_PATH = '/var/lib/moat/l4-hash.key';
const BYTES = 32;

/** @returns the one that is kept, or a new one @throws {Error} when it can be neither read nor kept */
export function keptSecret(path = SECRET_PATH): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
  }
  const secret = randomBytes(BYTES).toString('hex');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}
