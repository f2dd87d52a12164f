/** GEO as rules of the firewall know it, from a database of today. */
import type { Mmdb } from '#kit/mmdb.ts';

/** By the names of ModSecurity's manual; what a database has no word for is absent. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  COUNTRY_CODE: ['country', 'iso_code'],
  COUNTRY_NAME: ['country', 'names', 'en'],
  COUNTRY_CONTINENT: ['continent', 'code'],
  REGION: ['subdivisions', '0', 'iso_code'],
  CITY: ['city', 'names', 'en'],
  POSTAL_CODE: ['postal', 'code'],
  LATITUDE: ['location', 'latitude'],
  LONGITUDE: ['location', 'longitude'],
  ASN: ['autonomous_system_number'],
  AS_ORGANIZATION: ['autonomous_system_organization'],
};

/** @returns undefined when nothing is known of the address @throws {MmdbFault} when the file is damaged */
export function geoFields(database: Mmdb, address: string): Record<string, string> | undefined {
  const record = database.find(address);
  if (record === undefined) return undefined;
  const found: Record<string, string> = {};
  for (const [name, path] of Object.entries(FIELDS)) {
    const text = database.text(record, path);
    if (text !== undefined) found[name] = text;
  }
  return found;
}
