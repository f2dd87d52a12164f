/** Makes this host a real server of direct routing, and takes it back: virtual addresses on lo, and silence about them in ARP. */
import { addAddress, removeAddress } from '#native/netlink.ts';
import {
  addressBytes,
  type HostLink,
  hostLinks,
  readSetting,
  settingName,
  writeSetting,
} from '../host/facts.ts';
import { type ChangedSetting, dropRecord, type JoinRecord, readRecord, writeRecord } from './record.ts';

/** Answer only for addresses of the interface that was asked; ask only with addresses of the interface that asks. */
const SILENCE = [
  { path: ['net', 'ipv4', 'conf', 'all', 'arp_ignore'], value: '1', suffices: ['1', '2'] },
  { path: ['net', 'ipv4', 'conf', 'all', 'arp_announce'], value: '2', suffices: ['2'] },
] as const;

/**
 * @param addresses in their usual form
 * @returns what it did, a line each
 * @throws {Error} with the reason; then what it did is undone
 */
export function join(addresses: readonly string[], recordPath: string): string[] {
  const links = hostLinks();
  for (const address of addresses) refuseElsewhere(address, links);
  const before = readRecord(recordPath);
  const done: string[] = [];
  let record: JoinRecord = before;
  const keep = (next: JoinRecord, line: string) => {
    record = next;
    writeRecord(recordPath, record);
    done.push(line);
  };
  try {
    // Silence comes first: an address that others hear of for a moment stays in their tables for minutes.
    if (addresses.some(isIp4))
      for (const { path, value, suffices } of SILENCE) {
        const now = readSetting(path) ?? '';
        if (suffices.some(one => one === now)) continue;
        writeSetting(path, value);
        keep(
          withSetting(record, { path, before: now, after: value }),
          `${settingName(path)} = ${value} (was ${now})`,
        );
      }
    const lo = loopbackOf(links);
    for (const address of addresses) {
      if (record.addresses.includes(address)) continue;
      const isThere = lo.addresses.includes(address);
      if (!isThere) addAddress(lo.index, addressBytes(address), address);
      const added = isThere ? record.added : [...record.added, address];
      const line = isThere ? `${address} was on lo already` : `${address} is on lo`;
      keep({ ...record, addresses: [...record.addresses, address], added }, line);
    }
    return done;
  } catch (fault) {
    undo(record, before);
    if (before.addresses.length === 0) dropRecord(recordPath);
    else writeRecord(recordPath, before);
    throw fault;
  }
}

const isIp4 = (address: string) => !address.includes(':');

/** On another interface it would be answered for, whatever the settings say. */
function refuseElsewhere(address: string, links: readonly HostLink[]): void {
  const link = links.find(({ name, addresses }) => name !== 'lo' && addresses.includes(address));
  if (link)
    throw new Error(
      `${address} is on ${link.name}: there this host answers for it in the director's place; ip address del ${address} dev ${link.name}`,
    );
}

function loopbackOf(links: readonly HostLink[]): HostLink {
  const lo = links.find(({ name }) => name === 'lo');
  if (!lo) throw new Error('there is no interface lo');
  return lo;
}

/** A setting that was changed before keeps what it was at first. */
function withSetting(record: JoinRecord, change: ChangedSetting): JoinRecord {
  const known = record.settings.find(({ path }) => settingName(path) === settingName(change.path));
  const others = record.settings.filter(one => one !== known);
  return { ...record, settings: [...others, { ...change, before: known?.before ?? change.before }] };
}

/** Takes back all that `join` did. @returns what it did, a line each */
export function leave(recordPath: string): string[] {
  const record = readRecord(recordPath);
  const done = undo(record, { addresses: [], added: [], settings: [] });
  dropRecord(recordPath);
  return done;
}

/** From one record back to an earlier one; what somebody else has changed since is left. */
function undo(record: JoinRecord, earlier: JoinRecord): string[] {
  const done: string[] = [];
  const links = hostLinks();
  const lo = loopbackOf(links);
  for (const address of record.added) {
    if (earlier.added.includes(address) || !lo.addresses.includes(address)) continue;
    removeAddress(lo.index, addressBytes(address), address);
    done.push(`${address} is off lo`);
  }
  for (const { path, before, after } of record.settings) {
    if (earlier.settings.some(one => settingName(one.path) === settingName(path))) continue;
    if (readSetting(path) !== after) continue;
    writeSetting(path, before);
    done.push(`${settingName(path)} = ${before} (was ${after})`);
  }
  return done;
}
