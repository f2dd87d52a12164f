/** Addresses of the L4 tier: of virtual servers, with ranges, and of real servers. */
import { IpReader } from '#kit/ip.ts';
import { Argument, ArgumentFault } from './argument.ts';
import type { RealServerDraft, VirtualAddressDraft } from './draft-l4.ts';
import type { Token } from './lex.ts';

const FORMS =
  'write ADDRESS:PORT or [IPV6]:PORT; FIRST-LAST in the place of address or port is a range, * every port';

/** As many of a range: each address with each port is an entry of a table. */
const MOST_ADDRESSES = 256;
const MOST_PORTS = 4096;
const MOST_ENTRIES = 65_536;

interface Address {
  /** In its usual form. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly number: bigint;
}

/** Reads `10.0.0.1:80`, `[2001:db8::1]:80`, `10.0.0.1-10.0.0.9:8000-8010`, `10.0.0.1:*`. @throws {ArgumentFault} */
export function readVirtualAddress(token: Token): Omit<VirtualAddressDraft, 'protocol'> {
  const { text } = token;
  if (/^fwmark\b/.test(text))
    throw new ArgumentFault(
      'packets have no firewall mark where moat sees them, which is before nftables',
      'write what the mark stands for: virtual_server ADDRESS:PORT ADDRESS:PORT tcp ADDRESS:PORT udp { ... } schedules all as one',
      token,
    );
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]+)):([\d*-]+)$/.exec(text) ?? [];
  const range = bracketed ?? plain;
  if (range === undefined || port === undefined)
    throw new ArgumentFault(`"${text}" is not the address of a virtual server`, FORMS, token);
  const [first, last] = readAddressRange(range, token, bracketed !== undefined);
  const [firstPort, lastPort] = port === '*' ? [0, 0] : readPortRange(port, token);
  const entries = (Number(last.number - first.number) + 1) * (lastPort - firstPort + 1);
  if (entries > MOST_ENTRIES)
    throw new ArgumentFault(
      `"${text}" are ${entries} addresses with ports`,
      `take ${MOST_ENTRIES} at most, or * in the place of the ports`,
      token,
    );
  return { first: first.text, last: last.text, family: first.family, firstPort, lastPort, place: token };
}

/** @throws {ArgumentFault} when it is no address, a range that runs backwards, or one too wide for a virtual server */
function readAddressRange(text: string, token: Token, bracketed: boolean): readonly [Address, Address] {
  const [first, last] = readRange(text, token);
  if (bracketed !== (first.family === 6))
    throw new ArgumentFault(`"${token.text}" is not the address of a virtual server`, FORMS, token);
  if (last.number - first.number >= MOST_ADDRESSES)
    throw new ArgumentFault(
      `"${text}" are more than ${MOST_ADDRESSES} addresses`,
      'split it into several ranges',
      token,
    );
  return [first, last];
}

/** Reads an address, or two with a hyphen between. @throws {ArgumentFault} */
export function readRange(text: string, token: Token): readonly [Address, Address] {
  const [from = '', to = from, more] = text.split('-');
  const [first, last] = [addressOf(from, token), addressOf(to, token)];
  if (more !== undefined || first.family !== last.family || last.number < first.number)
    throw new ArgumentFault(`"${text}" is not a range of addresses`, 'write FIRST-LAST', token);
  return [first, last];
}

/** @throws {ArgumentFault} when the text is no address, or an IPv4 one in the guise of IPv6 */
export function addressOf(text: string, token: Token): Address {
  const reader = new IpReader();
  const { words } = reader;
  if (!reader.read(text) || text.includes('%') || (reader.family === 4 && text.includes(':')))
    throw new ArgumentFault(`"${text}" is not an IP address`, 'names are not looked up', token);
  const number =
    reader.family === 4 ? BigInt(words[0]!) : words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return { text: reader.format(), family: reader.family as 4 | 6, number };
}

function readPortRange(text: string, token: Token): readonly [number, number] {
  const [from = '', to = from, more] = text.split('-');
  const [first, last] = [portOf(from, token), portOf(to, token)];
  if (more !== undefined || last < first)
    throw new ArgumentFault(`"${text}" is not a range of ports`, 'write FIRST-LAST', token);
  if (last - first >= MOST_PORTS)
    throw new ArgumentFault(
      `"${text}" are more than ${MOST_PORTS} ports`,
      'write * for every port that no other virtual server of the address has',
      token,
    );
  return [first, last];
}

function portOf(text: string, token: Token): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new ArgumentFault(`"${text}" is not a port`, 'take 1 to 65535', token);
  return port;
}

/** Reads `10.0.0.2:80`, `[2001:db8::2]:80`, or either without a port. @throws {ArgumentFault} */
export function readRealAddress(
  token: Token,
): Pick<RealServerDraft, 'name' | 'address' | 'port' | 'family' | 'place'> {
  const { text } = token;
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const written = bracketed ?? plain ?? (text.split(':').length > 2 ? text : undefined);
  if (written === undefined)
    throw new ArgumentFault(
      `"${text}" is not the address of a real server`,
      'write ADDRESS, ADDRESS:PORT or [IPV6]:PORT',
      token,
    );
  const { text: address, family } = addressOf(written, token);
  return { name: text, address, family, port: port === undefined ? 0 : portOf(port, token), place: token };
}

/** An argument that is an IP address, in its usual form. */
export const ipAddress = (): Argument<string> =>
  new Argument<string>('an IP address', (text, { token }) => addressOf(text, token).text);
