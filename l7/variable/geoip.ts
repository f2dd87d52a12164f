/** `geoip2`: what a database knows of an address. */
import { MmdbFault } from '#kit/mmdb.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import type { Exchange } from '../exchange.ts';
import type { OpenDatabase } from '../geo/book.ts';
import { addressReader } from './geo.ts';
import { keptOnce } from './keep.ts';
import type { Getter, VariableSpace } from './space.ts';

type GeoipVariable = Extract<UserVariable, { kind: 'geoip' }>;

export function geoipGetter(variable: GeoipVariable, slot: number, space: VariableSpace): Getter {
  const { source, wanted, fallback } = variable;
  const open = space.databases.database(variable.database);
  if (wanted.kind !== 'value') {
    const seconds = String(wanted.kind === 'built' ? open.reader.builtS : open.file.readS);
    return () => seconds;
  }
  const { networks, recursive } = space.databases.proxies;
  const addressOf = addressReader(source, networks, recursive, space);
  const { path } = wanted;
  return keptOnce(exchange => textOf(open, addressOf(exchange), path, exchange) ?? fallback, slot);
}

function textOf(
  { reader, file }: OpenDatabase,
  address: string,
  path: readonly string[],
  exchange: Exchange,
): string | undefined {
  try {
    const record = reader.find(address);
    return record === undefined ? undefined : reader.text(record, path);
  } catch (fault) {
    if (!(fault instanceof MmdbFault)) throw fault;
    exchange.log('error', `cannot read ${file.path}: ${fault.message}`);
    return undefined;
  }
}
