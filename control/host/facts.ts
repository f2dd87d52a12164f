/** What this host is like, for the commands that look after it: its interfaces, addresses and kernel settings. */
import { readFileSync, writeFileSync } from 'node:fs';
import { addressText } from '#kit/address-bytes.ts';
import { type Cidr, parseCidr } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';
import { listAddresses, listLinks } from '#native/netlink.ts';

export interface HostLink {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** In their usual form. */
  readonly addresses: readonly string[];
  /** What is reached on it without a gateway. */
  readonly networks: readonly Cidr[];
}

export function hostLinks(): HostLink[] {
  const addresses = listAddresses();
  return listLinks().map(({ index, name, mtu, up }) => {
    const own = addresses.filter(one => one.index === index);
    return {
      index,
      name,
      mtu,
      up,
      addresses: own.map(({ address }) => addressText(address)),
      networks: own.flatMap(({ address, prefixBits }) => networkOf(addressText(address), prefixBits)),
    };
  });
}

function networkOf(address: string, bits: number): Cidr[] {
  const found = parseCidr(`${address}/${bits}`);
  return found ? [found.cidr] : [];
}

/** Of an address in its usual form. */
export const isIp4 = (address: string): boolean => !address.includes(':');

/** @returns the address as others write it; undefined when the text is none */
export function usualForm(text: string): string | undefined {
  const reader = new IpReader();
  return reader.read(text) && !text.includes('%') ? reader.format() : undefined;
}

/** `net.ipv4.conf.all.arp_ignore` → its value; undefined where the kernel has it not, or shows it to root alone. Names of interfaces may have dots. */
export function readSetting(path: readonly string[]): string | undefined {
  try {
    return readFileSync(settingPath(path), 'latin1').trim();
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return undefined;
    throw fault;
  }
}

/** @throws {Error} EACCES without root, EROFS in containers that may not */
export function writeSetting(path: readonly string[], value: string): void {
  writeFileSync(settingPath(path), value);
}

const settingPath = (path: readonly string[]) => `/proc/sys/${path.join('/')}`;

/** As `sysctl` writes it. */
export const settingName = (path: readonly string[]): string =>
  path.map(part => part.replaceAll('.', '/')).join('.');

/** Settings of an interface that the one of `all` raises: the greater of the two holds. */
export function strongest(key: string, link: string, setting = readSetting): number {
  const values = ['all', link].map(name => Number(setting(['net', 'ipv4', 'conf', name, key]) ?? 0));
  return Math.max(...values);
}
