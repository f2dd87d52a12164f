/** The databases of addresses of one configuration, as a thread reads them: over bytes that all threads share. */
import { Mmdb } from '#kit/mmdb.ts';
import type { GeoDatabase, GeoProxies } from '#model/l7/geoip.ts';
import type { HttpModel } from '#model/l7/http.ts';

export interface OpenDatabase {
  readonly reader: Mmdb;
  readonly file: GeoDatabase;
}

export class GeoBook {
  readonly proxies: GeoProxies;
  readonly #open: ReadonlyMap<string, OpenDatabase>;

  constructor({ geoDatabases, geoProxies }: Pick<HttpModel, 'geoDatabases' | 'geoProxies'>) {
    this.proxies = geoProxies;
    this.#open = new Map(geoDatabases.map(file => [file.path, { reader: new Mmdb(file.bytes), file }]));
  }

  /** @throws {RangeError} when the configuration has no such file */
  database(path: string): OpenDatabase {
    const open = this.#open.get(path);
    if (!open) throw new RangeError(`Cannot look into ${path}: the configuration has no such database`);
    return open;
  }
}
