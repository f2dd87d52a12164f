/** Where a client is, by the user's database of addresses. */
import { Mmdb, MmdbFault } from '#kit/mmdb.ts';
import type { GeoPoint } from '#model/gslb.ts';

export interface Place {
  /** ISO 3166-1 code; undefined: not known. */
  readonly country: string | undefined;
  readonly continent: string | undefined;
  readonly point: GeoPoint | undefined;
}

export const NOWHERE: Place = { country: undefined, continent: undefined, point: undefined };

export type FindPlace = (address: string) => Place;

/**
 * @param bytes a database in MaxMind's format; undefined: nothing is known of anybody
 * @param damaged is told what is wrong with it where it is found out: then nothing is known of that client
 */
export function placesIn(bytes: Uint8Array | undefined, damaged: (fault: string) => void): FindPlace {
  if (!bytes) return () => NOWHERE;
  const database = new Mmdb(bytes);
  return address => {
    try {
      return placeIn(database, address);
    } catch (fault) {
      if (!(fault instanceof MmdbFault)) throw fault;
      damaged(fault.message);
      return NOWHERE;
    }
  };
}

function placeIn(database: Mmdb, address: string): Place {
  const record = database.find(address);
  if (record === undefined) return NOWHERE;
  const text = (...path: string[]) => database.text(record, path);
  const [latitude, longitude] = [text('location', 'latitude'), text('location', 'longitude')];
  const isKnown = latitude !== undefined && longitude !== undefined;
  return {
    country: text('country', 'iso_code'),
    continent: text('continent', 'code'),
    point: isKnown ? { latitude: Number(latitude), longitude: Number(longitude) } : undefined,
  };
}

const RADIANS = Math.PI / 180;

/** Along a great circle (haversine), as a share of half the earth's way round: 0..1. */
export function distance(a: GeoPoint, b: GeoPoint): number {
  const [north, east] = [b.latitude - a.latitude, b.longitude - a.longitude].map(
    degrees => Math.sin((degrees * RADIANS) / 2) ** 2,
  );
  const half = north! + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * east!;
  return (2 / Math.PI) * Math.asin(Math.min(1, Math.sqrt(half)));
}
