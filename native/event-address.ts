/** The address of a client as an event has it: numbers, made to text. */

/** The text of an address that stands as family, port and four words; an IPv4 client of an IPv6 socket shows as IPv4. */
export function addressAt(events: Int32Array, at: number): string {
  const family = events[at]! >> 16;
  const a = events[at + 1]!;
  if (family === 4) return dotted(a);
  if (family !== 6) return 'unix:';
  const [b, c, d] = [events[at + 2]!, events[at + 3]!, events[at + 4]!];
  if (a === 0 && b === 0 && c === 0xffff) return dotted(d);
  return compressed([a, b, c, d].flatMap(word => [word >>> 16, word & 0xffff]));
}

const dotted = (word: number) => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/** RFC 5952: lower case, the longest run of zeros as `::`, the first of equals, never a single group. */
function compressed(groups: readonly number[]): string {
  let [from, length] = [0, 0];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [from, length] = [at, end - at];
  }
  const text = (part: readonly number[]) => part.map(group => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}
