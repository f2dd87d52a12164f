/** The rows of a `geo` block. */
import type { Cidr } from '#kit/cidr.ts';
import { IpReader } from '#kit/ip.ts';
import type { GeoLookup, UserVariable } from '#model/l7/variable.ts';
import { ArgumentFault } from './argument.ts';
import { GeoRanges, textOf } from './geo-ranges.ts';
import type { Token } from './lex.ts';
import { readNetwork } from './network.ts';
import type { Body } from './registry.ts';
import { onlyValue, type Row, readRows } from './row.ts';
import type { Scope } from './scope.ts';

type GeoVariable = Extract<UserVariable, { kind: 'geo' }>;

const EVERYWHERE: readonly Cidr[] = [
  { address: '0.0.0.0', bits: 0 },
  { address: '::', bits: 0 },
];

export class GeoRows {
  readonly #body: Body;
  readonly #scope: Scope;
  readonly #proxies: Cidr[] = [];
  /** By their text. */
  readonly #networks = new Map<string, { readonly network: Cidr; readonly value: string }>();
  #ranges: GeoRanges | undefined;
  #fallback: string | undefined;
  #recursive = false;
  #volatile = false;

  constructor(body: Body, scope: Scope) {
    this.#body = body;
    this.#scope = scope;
  }

  read(): Omit<GeoVariable, 'kind' | 'name' | 'source'> {
    readRows(this.#body, this.#scope, 'geo', row => this.#add(row));
    const lookup: GeoLookup = this.#ranges
      ? { by: 'range', entries: this.#ranges.list, fallback: this.#fallback ?? '' }
      : { by: 'network', entries: [...this.#networks.values()] };
    return { lookup, proxies: this.#proxies, proxyRecursive: this.#recursive, volatile: this.#volatile };
  }

  #add(row: Row): void {
    const { key, values } = row;
    if (values.length === 0 && key.text === 'ranges') this.#useRanges(key);
    else if (values.length === 0 && key.text === 'proxy_recursive') this.#recursive = true;
    else if (values.length === 0 && key.text === 'volatile') this.#volatile = true;
    else if (key.text === 'proxy') this.#proxies.push(this.#network(onlyValue(row)));
    else if (key.text === 'delete') this.#delete(onlyValue(row));
    else if (this.#ranges) this.#addRange(this.#ranges, key, onlyValue(row).text);
    else this.#addNetwork(key, onlyValue(row).text);
  }

  #useRanges(key: Token): void {
    if (this.#networks.size > 0)
      throw new ArgumentFault('"ranges" must stand before all values', undefined, key);
    this.#ranges = new GeoRanges();
  }

  #delete(token: Token): void {
    if (this.#ranges) {
      const [first, last] = readRange(token);
      if (!this.#ranges.delete(first, last)) this.#warn(token, `no address range "${token.text}" to delete`);
    } else if (!this.#networks.delete(textOfCidr(this.#network(token))))
      this.#warn(token, `no network "${token.text}" to delete`);
  }

  #addNetwork(key: Token, value: string): void {
    const networks = key.text === 'default' ? EVERYWHERE : [this.#network(key)];
    for (const network of networks) {
      const text = textOfCidr(network);
      const old = this.#networks.get(text)?.value;
      if (old !== undefined) this.#warn(key, duplicate('network', key.text, value, old));
      this.#networks.set(text, { network, value });
    }
  }

  #addRange(ranges: GeoRanges, key: Token, value: string): void {
    if (key.text === 'default') {
      const old = this.#fallback;
      if (old !== undefined) this.#warn(key, duplicate('default', key.text, value, old));
      this.#fallback = value;
      return;
    }
    const fault = ranges.add(...readRange(key), value);
    if (fault?.kind === 'duplicate') this.#warn(key, duplicate('range', key.text, value, fault.old));
    if (fault?.kind === 'overlap')
      throw new ArgumentFault(
        `range "${key.text}" overlaps "${textOf(fault.first)}-${textOf(fault.last)}"`,
        'a later range lies within an earlier one, or beside it',
        key,
      );
  }

  #network(token: Token): Cidr {
    return readNetwork(token, this.#scope);
  }

  #warn(site: Token, message: string): void {
    this.#scope.faults.warn('geo-entry', message, site);
  }
}

const textOfCidr = ({ address, bits }: Cidr) => `${address}/${bits}`;

const duplicate = (what: string, key: string, value: string, old: string) =>
  `duplicate ${what} "${key}", value: "${value}", old value: "${old}"`;

function readRange(token: Token): [first: number, last: number] {
  const [first = '', last = '', more] = token.text.split('-');
  const numbers = [first, last].map(readIp4);
  const [from, to] = numbers;
  if (more === undefined && from !== undefined && to !== undefined && from <= to) return [from, to];
  throw new ArgumentFault(
    `invalid range "${token.text}"`,
    'write the first and the last IPv4 address: 10.0.0.1-10.0.0.9',
    token,
  );
}

function readIp4(text: string): number | undefined {
  const reader = new IpReader();
  return reader.read(text) && !text.includes(':') ? reader.words[0] : undefined;
}
