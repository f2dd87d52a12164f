/** What operators have said of real servers, kept in a file so that it outlives moat and the machine's restart. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FORCED_HEALTH, REAL_SERVER_STATES } from '#model/l4/virtual-server.ts';
import { COMMANDED_STATES, isNothing, type Override } from './override.ts';
import { SECRET_PATH } from './secret.ts';

/** One file for each set of maps, beside the secret of hashes. */
export const overridesPathOf = (pinPath: string): string =>
  join(dirname(SECRET_PATH), `l4-orders${encodeURIComponent(pinPath).replaceAll('%2F', '_')}.json`);

/** @returns none where there is no file @throws {Error} when it cannot be read, or holds something else */
export function readOverrides(path: string): readonly Override[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fault;
  }
  const found: unknown = JSON.parse(text);
  if (!Array.isArray(found) || !found.every(isOverride)) throw new Error('it holds no list of orders');
  return found;
}

function isOverride(found: unknown): found is Override {
  if (typeof found !== 'object' || found === null) return false;
  const { virtualServer, realServer, line, state, health, weight } = found as Partial<Override>;
  return (
    typeof virtualServer === 'string' &&
    typeof realServer === 'string' &&
    isOneOf(COMMANDED_STATES, state) &&
    isOneOf(FORCED_HEALTH, health) &&
    !isNothing({ state, health, weight }) &&
    (weight === undefined || Number.isInteger(weight)) &&
    Number.isInteger(line?.weight) &&
    REAL_SERVER_STATES.some(state => state === line?.state)
  );
}

const isOneOf = (words: readonly string[], found: string | undefined): boolean =>
  found === undefined || words.includes(found);

/** Whole or not at all; no file where there is nothing to keep. @throws {Error} with `code` */
export function keepOverrides(path: string, overrides: readonly Override[]): void {
  if (overrides.length === 0) return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(overrides)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
