/** Virtual addresses on lo, and silence about them in ARP: what a real server of direct routing and of tunnels needs. */
import { addressBytes } from '#kit/address-bytes.ts';
import { addAddress, removeAddress } from '#native/netlink.ts';
import { type HostLink, hostLinks, isIp4, readSetting, settingName, writeSetting } from '../host/facts.ts';
import type { ChangedSetting, JoinRecord } from './record.ts';

/** Is told each step: what stands now, and how it is said. */
export type Keep = (record: JoinRecord, line?: string) => void;

/** Answer only for addresses of the interface that was asked; ask only with addresses of the interface that asks. */
const SILENCE = [
  { path: ['net', 'ipv4', 'conf', 'all', 'arp_ignore'], value: '1', suffices: ['1', '2'] },
  { path: ['net', 'ipv4', 'conf', 'all', 'arp_announce'], value: '2', suffices: ['2'] },
] as const;

/** @throws {Error} when one of them is where it must not be, or with what could not be done; `keep` knows then what was */
export function holdAddresses(addresses: readonly string[], before: JoinRecord, keep: Keep): void {
  const links = hostLinks();
  for (const address of addresses) refuseElsewhere(address, links);
  let record = before;
  const step: Keep = (next, line) => {
    record = next;
    keep(next, line);
  };
  // Silence comes first: an address that others hear of for a moment stays in their tables for minutes.
  if (addresses.some(isIp4)) keepSilent(() => record, step);
  const lo = loopbackOf(links);
  for (const address of addresses) {
    const isThere = lo.addresses.includes(address);
    const isKnown = record.addresses.includes(address);
    if (isThere && isKnown) continue;
    if (!isThere) addAddress(lo.index, addressBytes(address), address);
    step(
      {
        ...record,
        addresses: isKnown ? record.addresses : [...record.addresses, address],
        added: isThere || record.added.includes(address) ? record.added : [...record.added, address],
      },
      isThere ? `${address} was on lo already` : `${address} is on lo`,
    );
  }
}

function keepSilent(record: () => JoinRecord, step: Keep): void {
  for (const { path, value, suffices } of SILENCE) {
    const now = readSetting(path) ?? '';
    if (suffices.some(one => one === now)) continue;
    writeSetting(path, value);
    step(
      withSetting(record(), { path, before: now, after: value }),
      `${settingName(path)} = ${value} (was ${now})`,
    );
  }
}

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

/** From one record back to an earlier one; what somebody else has changed since is left. @returns what it did, a line each */
export function releaseAddresses(record: JoinRecord, earlier: JoinRecord): string[] {
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
