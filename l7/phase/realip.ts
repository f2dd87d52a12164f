/** realip: takes the client's address from trusted proxies, once a request. */
import { isIP } from 'node:net';
import { IpTable } from '#kit/ip-table.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { NEXT, type Phase } from './verdict.ts';

interface Found {
  readonly address: string;
  readonly port: number;
}

export function realipPhase({ location }: Compiler): Phase | undefined {
  const { from, header, recursive } = location.settings.realip;
  if (from.length === 0) return undefined;
  const trusted = IpTable.ofRules(from.map(network => ({ network, value: true })));
  const isTrusted = (address: string) => trusted.find(address) === true;
  return exchange => {
    if (exchange.addressKnown || exchange.main !== exchange) return NEXT;
    const { remoteAddress } = exchange.connection;
    const found =
      header === 'proxy_protocol'
        ? fromProxyProtocol(exchange)
        : fromField(exchange, header, recursive, isTrusted);
    if (!found || !isTrusted(remoteAddress)) return NEXT;
    exchange.addressKnown = true;
    exchange.remoteAddress = found.address;
    exchange.remotePort = found.port;
    return NEXT;
  };
}

function fromProxyProtocol({ connection: { proxied } }: Exchange): Found | undefined {
  return proxied && { address: proxied.sourceAddress, port: proxied.sourcePort };
}

/** Walks a list from its end, as far as the addresses are trusted and the setting says. */
function fromField(
  exchange: Exchange,
  field: string,
  recursive: boolean,
  isTrusted: (address: string) => boolean,
): Found | undefined {
  const value = exchange.head.headers.joined(field);
  if (value === undefined) return undefined;
  const entries = value.split(/[\s,]+/).filter(entry => entry !== '');
  let found: Found | undefined;
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = readEntry(entries[at]!);
    if (!entry) break;
    found = entry;
    if (!recursive || !isTrusted(entry.address)) break;
  }
  return found;
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`. @returns undefined when it is none of them */
function readEntry(text: string): Found | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+)|([0-9a-f:.]+))(?::(\d{1,5}))?$/i.exec(text);
  const address = match?.[1] ?? match?.[2] ?? match?.[3];
  if (!match || address === undefined || isIP(address) === 0) return undefined;
  const port = Number(match[4] ?? 0);
  return port > 65_535 ? undefined : { address, port };
}
