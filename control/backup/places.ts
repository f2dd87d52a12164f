/** Where what a backup holds belongs on this machine. */
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HttpModel } from '#model/l7/http.ts';
import type { BanZoneModel } from '#model/l7/limit.ts';
import type { Model } from '#model/main.ts';
import { databasePath, historyFolder } from '../history/place.ts';
import { bytesOf } from '../host/path-bytes.ts';
import type { Invocation } from '../invocation.ts';
import { BackupFault } from './fault.ts';
import type { Entry } from './manifest.ts';

type KeptZone = BanZoneModel & { readonly statePath: string };

export const zonesWithFiles = (http: HttpModel | undefined): KeptZone[] =>
  (http?.limitZones ?? []).filter(
    (zone): zone is KeptZone => zone.kind === 'ban' && zone.statePath !== undefined,
  );

/** Whether it lies neither beside the main file nor below. */
export const isOutside = ({ path }: Pick<Entry, 'path'>): boolean => path.startsWith('/');

/** Of `configuration` and `files`; latin1. */
export function placeOfFile({ path }: Pick<Entry, 'path'>, { file }: Invocation): string {
  if (path === '') return file;
  return isOutside({ path }) ? path : `${dirname(file)}/${path}`;
}

/** Of all else, latin1; undefined where the configuration has no such thing. */
export function placeOfState(
  { part, path }: Entry,
  { file }: Invocation,
  { api, http, acme }: Model,
): string | undefined {
  switch (part) {
    case 'users':
    case 'tokens':
      return api && `${api.statePath}/${part}.json`;
    case 'bans':
      return zonesWithFiles(http).find(({ name }) => name === path)?.statePath;
    case 'acme': {
      const [issuer, file] = path.split('/');
      const folder = acme?.issuers.find(({ name }) => name === issuer)?.statePath;
      return folder && `${folder}/${file}`;
    }
    case 'history':
      return Buffer.from(databasePath(historyFolder(file))).toString('latin1');
    case 'events':
      return http?.wafEvents?.path;
    default:
      return undefined;
  }
}

/**
 * Makes the folders that a file needs.
 *
 * @throws {BackupFault} when a link on the way leads out of the folder of the main file
 */
export function makeFolders(place: string, { file }: Invocation): void {
  const home = realOf(dirname(file));
  let there = dirname(place);
  while (!statSync(bytesOf(there), { throwIfNoEntry: false })) there = dirname(there);
  const real = realOf(there);
  if (real !== home && !real.startsWith(`${home}/`))
    throw new BackupFault(
      'outside',
      `"${place}" does not lie beside the main file or below: a link leads elsewhere`,
    );
  mkdirSync(bytesOf(dirname(place)), { recursive: true });
}

const realOf = (path: string): string => realpathSync(bytesOf(path), { encoding: 'latin1' });
