/** Addresses of LVS in the form of moat. */
import { IpReader } from '#kit/ip.ts';

/** `192.0.2.1` and 80 to `192.0.2.1:80`; port 0 is every port of a virtual server, and no port of a real one. */
export function virtualAddress(address: string, port: string): string {
  return `${bracketed(address)}:${Number(port) === 0 ? '*' : port}`;
}

export function realAddress(address: string, port: string | undefined): string {
  return port === undefined || Number(port) === 0 ? bracketed(address) : `${bracketed(address)}:${port}`;
}

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address);

export const isAddress = (text: string): boolean => new IpReader().read(text);

/** Splits `192.0.2.1:80` and `[2001:db8::1]:80`; undefined for all else, such as names. */
export function splitAddress(text: string): { readonly address: string; readonly port: string } | undefined {
  const [, bracket, plain, port = '0'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const address = bracket ?? plain;
  return address !== undefined && isAddress(address) ? { address, port } : undefined;
}

/** keepalived's `192.0.2.3-10` and `2001:db8::2-9` to moat's FIRST-LAST. */
export function spelledRange(text: string): string {
  const [first = '', last] = text.split('-');
  if (last === undefined || isAddress(last)) return text;
  return `${first}-${first.replace(/[^.:]*$/, last)}`;
}
