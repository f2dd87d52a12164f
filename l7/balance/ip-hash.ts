/** The member that the client's address hashes to. */
import { isIPv4, isIPv6 } from 'node:net';
import { type BalancerMaker, MOST_ROUNDS } from './balancer.ts';
import { Shares } from './shares.ts';

const START = 89;

/**
 * nginx's `ip_hash`: over the first three bytes of an IPv4 address, all of an IPv6 one, and for clients without an address
 * over three zeros. The key is the address as text. Who gets which client is the same as with nginx. O(log members) a round.
 */
export const ipHash: BalancerMaker = group => {
  const shares = new Shares(group);
  const bytes = new Uint8Array(16);
  return {
    pick(ask) {
      if (group.size < 2) return group.nextTurn(ask);
      const length = addressBytes(ask.key, bytes);
      let hash = START;
      for (let round = 0; round <= MOST_ROUNDS; round++) {
        for (let at = 0; at < length; at++) hash = (hash * 113 + bytes[at]!) % 6271;
        const index = shares.at(hash % group.totalWeight);
        if (group.usable(index, ask)) return index;
      }
      return group.nextTurn(ask);
    },
  };
};

/** Writes the bytes that count; says how many they are. */
function addressBytes(address: string, bytes: Uint8Array): number {
  bytes.fill(0);
  if (isIPv4(address)) {
    let at = 0;
    for (let char = 0; char < address.length && at < 3; char++) {
      const code = address.charCodeAt(char);
      if (code === 46) at++;
      else bytes[at] = bytes[at]! * 10 + code - 48;
    }
    return 3;
  }
  return isIPv6(address) ? ipv6Bytes(address, bytes) : 3;
}

/** Groups of hexadecimal digits, `::` for a run of zeros, and maybe an IPv4 address at the end. */
function ipv6Bytes(address: string, bytes: Uint8Array): number {
  const [head = '', tail] = address.replace(/%.*/, '').split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  for (let at = 0; at < before.length; at++) place(bytes, at, before[at]!);
  for (let at = 0; at < after.length; at++) place(bytes, 8 - after.length + at, after[at]!);
  return 16;
}

function place(bytes: Uint8Array, at: number, group: number): void {
  bytes[2 * at] = group >> 8;
  bytes[2 * at + 1] = group;
}

function groupsOf(text: string): number[] {
  return text
    .split(':')
    .filter(group => group !== '')
    .flatMap(group => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [(a << 8) | b, (c << 8) | d];
    });
}
