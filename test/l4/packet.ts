/** Packets for the data plane: made of what matters, and told in one line once they come out. */

type Mac = string;
export type PacketSpec = {
  to?: Mac;
  from?: Mac;
  /** VLAN ids, the outer one first. */
  vlans?: number[];
  source: string;
  destination: string;
  ttl?: number;
  /** IPv4: bytes of options, a multiple of 4. */
  options?: Uint8Array;
  /** IPv6: kinds of extension headers of 8 bytes each, in their order. */
  extensions?: number[];
  fragment?: { id: number; offset: number; more: boolean };
  body: BodySpec;
};
type TcpSpec = {
  kind: 'tcp';
  ports: [number, number];
  flags: string;
  payload?: number;
  seq?: number;
  ack?: number;
  window?: number;
  /** Bytes of options, a multiple of 4. */
  options?: number[];
};
export type BodySpec =
  | TcpSpec
  | { kind: 'udp'; ports: [number, number]; payload?: number; noSum?: boolean }
  | { kind: 'piece'; protocol: number; bytes: Uint8Array }
  | { kind: 'icmp'; type: number; code: number; word?: number; quoted: Uint8Array };

export const CLIENT_MAC = '02:00:00:00:00:01';
/** That of the test run's interface, lo: frames to all other addresses are other hosts'. */
export const DIRECTOR_MAC = '00:00:00:00:00:00';
export const REAL_MAC = '02:00:00:00:00:03';

const macBytes = (mac: Mac) => mac.split(':').map(part => Number.parseInt(part, 16));
const u16 = (value: number) => [(value >> 8) & 255, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** Bytes of an address, 4 or 16. */
export function ip(text: string): number[] {
  if (!text.includes(':')) return text.split('.').map(Number);
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part ? part.split(':').map(group => Number.parseInt(group, 16)) : []);
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  return [...first, ...Array(8 - first.length - last.length).fill(0), ...last].flatMap(u16);
}

/** The Internet checksum (RFC 1071). */
export function checksum(...parts: ArrayLike<number>[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += (part[at]! << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const pseudo = (source: number[], destination: number[], protocol: number, length: number) => [
  ...source,
  ...destination,
  ...u32(length),
  ...u32(protocol),
];

const FLAGS = 'FSRPA';

function tcp(body: TcpSpec): number[] {
  const flags = [...body.flags].reduce((bits, flag) => bits | (1 << FLAGS.indexOf(flag)), 0);
  const head = [...body.ports.flatMap(u16), ...u32(body.seq ?? 1000), ...u32(body.ack ?? 0)];
  const { options = [], window = 8192 } = body;
  const offset = (5 + options.length / 4) << 4;
  return [...head, offset, flags, ...u16(window), 0, 0, 0, 0, ...options, ...payload(body.payload ?? 0)];
}

const payload = (length: number) => Array.from({ length }, (_, at) => (at * 7) & 255);

function transport(
  spec: PacketSpec,
  source: number[],
  destination: number[],
): [protocol: number, bytes: number[]] {
  const { body } = spec;
  if (body.kind === 'piece') return [body.protocol, [...body.bytes]];
  if (body.kind === 'icmp') {
    const isV6 = source.length === 16;
    const bytes = [body.type, body.code, 0, 0, ...u32(body.word ?? 0), ...body.quoted];
    const sum = isV6 ? checksum(pseudo(source, destination, 58, bytes.length), bytes) : checksum(bytes);
    bytes.splice(2, 2, ...u16(sum));
    return [isV6 ? 58 : 1, bytes];
  }
  const protocol = body.kind === 'tcp' ? 6 : 17;
  const bytes =
    body.kind === 'tcp'
      ? tcp(body)
      : [...body.ports.flatMap(u16), ...u16(8 + (body.payload ?? 0)), 0, 0, ...payload(body.payload ?? 0)];
  const sum = checksum(pseudo(source, destination, protocol, bytes.length), bytes);
  const at = body.kind === 'tcp' ? 16 : 6;
  if (body.kind === 'tcp' || !body.noSum)
    bytes.splice(at, 2, ...u16(sum === 0 && protocol === 17 ? 0xffff : sum));
  return [protocol, bytes];
}

function v4(spec: PacketSpec): number[] {
  const [source, destination] = [ip(spec.source), ip(spec.destination)];
  const [protocol, bytes] = transport(spec, source, destination);
  const options = [...(spec.options ?? [])];
  const { fragment } = spec;
  const place = fragment ? (fragment.offset / 8) | (fragment.more ? 0x2000 : 0) : 0x4000;
  const length = 20 + options.length + bytes.length;
  const head = [0x45 + options.length / 4, 0, ...u16(length), ...u16(fragment?.id ?? 7), ...u16(place)];
  head.push(spec.ttl ?? 64, protocol, 0, 0, ...source, ...destination, ...options);
  head.splice(10, 2, ...u16(checksum(head)));
  return [...head, ...bytes];
}

const FRAGMENT_HEADER = 44;

function v6(spec: PacketSpec): number[] {
  const [source, destination] = [ip(spec.source), ip(spec.destination)];
  const [protocol, bytes] = transport(spec, source, destination);
  const { fragment } = spec;
  const chain = [...(spec.extensions ?? []), ...(fragment ? [FRAGMENT_HEADER] : [])];
  const headers = chain.flatMap((kind, at) => {
    const next = chain[at + 1] ?? protocol;
    if (kind !== FRAGMENT_HEADER) return [next, 0, 1, 4, 0, 0, 0, 0];
    return [next, 0, ...u16((fragment?.offset ?? 0) | (fragment?.more ? 1 : 0)), ...u32(fragment?.id ?? 0)];
  });
  const length = headers.length + bytes.length;
  const head = [
    0x60,
    0,
    0,
    0,
    ...u16(length),
    chain[0] ?? protocol,
    spec.ttl ?? 64,
    ...source,
    ...destination,
  ];
  return [...head, ...headers, ...bytes];
}

/** The IP packet alone. */
export const ipPacket = (spec: PacketSpec): Uint8Array =>
  Uint8Array.from(spec.source.includes(':') ? v6(spec) : v4(spec));

/** A whole frame. */
export function frame(spec: PacketSpec): Uint8Array {
  const tags = (spec.vlans ?? []).flatMap(id => [0x81, 0x00, ...u16(id)]);
  const type = spec.source.includes(':') ? [0x86, 0xdd] : [0x08, 0x00];
  const link = [...macBytes(spec.to ?? DIRECTOR_MAC), ...macBytes(spec.from ?? CLIENT_MAC), ...tags, ...type];
  return Uint8Array.from([...link, ...ipPacket(spec)]);
}

const hex = (bytes: Uint8Array) => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':');

const NAMES: Record<string, string> = {
  [CLIENT_MAC]: 'client',
  [DIRECTOR_MAC]: 'director',
  [REAL_MAC]: 'real',
};
const nameOf = (bytes: Uint8Array) => NAMES[hex(bytes)] ?? hex(bytes);

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(2 * at).toString(16)).join(':');
  return groups.replace(/(^|:)0(:0)+(:|$)/, '::');
}

/** `from > to | addresses, ports, flags`: a frame in one line, with every checksum that is wrong. */
export function told(bytes: Uint8Array): string {
  let at = 12;
  let text = `${nameOf(bytes.subarray(6, 12))} > ${nameOf(bytes.subarray(0, 6))}`;
  while (bytes[at] === 0x81 && bytes[at + 1] === 0) {
    text += ` vlan ${((bytes[at + 2]! << 8) | bytes[at + 3]!) & 0xfff}`;
    at += 4;
  }
  return `${text} | ${toldIp(bytes.subarray(at + 2))}`;
}

const word = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;

/** @param quoted what an ICMP error quotes is cut off, so its checksums are not looked at */
function toldIp(bytes: Uint8Array, quoted = false): string {
  const isV4 = bytes[0]! >> 4 === 4;
  let head = isV4 ? (bytes[0]! & 15) * 4 : 40;
  const total = isV4 ? word(bytes, 2) : 40 + word(bytes, 4);
  const source = isV4 ? bytes.subarray(12, 16) : bytes.subarray(8, 24);
  const destination = isV4 ? bytes.subarray(16, 20) : bytes.subarray(24, 40);
  let protocol = isV4 ? bytes[9]! : bytes[6]!;
  const ttl = isV4 ? bytes[8]! : bytes[7]!;
  let note = isV4 && checksum(bytes.subarray(0, head)) !== 0 ? ' BAD-IP-SUM' : '';
  if (!quoted && total !== bytes.length) note += ` LENGTH ${total} of ${bytes.length}`;
  let later = isV4 && (word(bytes, 6) & 0x1fff) > 0;
  while (!isV4 && [0, 43, 60, FRAGMENT_HEADER].includes(protocol)) {
    if (protocol === FRAGMENT_HEADER) later = word(bytes, head + 2) >> 3 > 0;
    protocol = bytes[head]!;
    head += 8;
  }
  const rest = bytes.subarray(head);
  const inside = later ? 'piece' : toldTransport(protocol, rest, source, destination, quoted);
  const ports = inside.startsWith(':') ? inside.slice(1).split(' ', 1)[0]!.split('>') : ['', ''];
  const what = inside.startsWith(':') ? inside.slice(inside.indexOf(' ') + 1) : inside;
  const side = (address: Uint8Array, port: string) => addressText(address) + (port ? `:${port}` : '');
  return `${side(source, ports[0]!)} > ${side(destination, ports[1]!)} ttl ${ttl} ${what}${note}`;
}

function toldTransport(
  protocol: number,
  bytes: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  quoted: boolean,
): string {
  const whole = pseudo([...source], [...destination], protocol, bytes.length);
  const bad = (sum: number) => (!quoted && sum !== 0 ? ' BAD-SUM' : '');
  const ports = () => `:${word(bytes, 0)}>${word(bytes, 2)}`;
  switch (protocol) {
    case 6: {
      const flags = quoted ? '' : [...FLAGS].filter((_, bit) => bytes[13]! & (1 << bit)).join('');
      return `${ports()} tcp ${flags}${bad(checksum(whole, bytes))}`.trimEnd();
    }
    case 17: {
      const none = word(bytes, 6) === 0;
      if (word(bytes, 2) === 6080)
        return `${ports()} gue ${bytes[9]}${none ? ' no-sum' : ''} [${toldIp(bytes.subarray(12))}]`;
      return `${ports()} udp${none ? ' no-sum' : bad(checksum(whole, bytes))}`;
    }
    case 4:
    case 41:
      return `ipip [${toldIp(bytes)}]`;
    case 1:
      return `icmp ${bytes[0]}/${bytes[1]} ${word(bytes, 6)}${bad(checksum(bytes))} [${toldIp(bytes.subarray(8), true)}]`;
    case 58:
      return `icmp6 ${bytes[0]}/${bytes[1]} ${word(bytes, 6)}${bad(checksum(whole, bytes))} [${toldIp(bytes.subarray(8), true)}]`;
    default:
      return `protocol ${protocol}`;
  }
}
