/** Makes requests that are nearly right: a seeded generator of grammar pieces, some of them wrong, and of random bytes. */

/** A small generator of numbers with a seed (mulberry32): the same seed gives the same run on every machine. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 0 ≤ n < below. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** True once in so many. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0;
  }
}

const METHODS = [
  'GET',
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'get',
  'G T',
  'PO\tST',
  '',
  'G\x00T',
  'BREW',
];
const TARGETS = [
  '/',
  '/a/b?c=d',
  '/%20',
  '/a b',
  '//x',
  'http://h/x',
  '*',
  'x',
  '/\x01',
  '/\xe4',
  '/#f',
  '/?',
  '',
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.',
  'HTTP/11',
  'HTTP/1.1 ',
  '',
];
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r'];
const NAMES = [
  'X',
  'Accept',
  'X-Long-Name',
  'x_y',
  'X.Y',
  'X Y',
  'X ',
  '',
  'X\x00',
  '\xe4',
  ' X',
  '(x)',
  'Cookie',
];
const VALUES = [
  '1',
  '',
  ' 1 ',
  '\t1',
  'a b',
  'a\x00b',
  'a\x01b',
  '\xff',
  'a\rb',
  'a\r\n b',
  '"q"',
  'x'.repeat(200),
];
const FRAMING = [
  'Content-Length: 5',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length: 5 5',
  'Content-Length:',
  'Content-Length: 0x5',
  'Content-Length : 5',
  'Content-Length: 4',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
];
const BODIES = [
  '',
  'hello',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n',
  '5\nhello\n0\n\n',
  '05\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5\r\nhelloX\r\n0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\n',
  'g\r\n',
  '5\r\nhello0\r\n\r\n',
  '5\rhello\r\n0\r\n\r\n',
  '5;\x00\r\nhello\r\n0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\nbad\r\n\r\n',
  'ffffffffffffffff\r\n',
  '5\r\nhello\r\n-1\r\n\r\n',
];

/** One request, right in most of its parts. */
export function nearlyRight(dice: Dice): string {
  const end = () => (dice.once(12) ? dice.pick(ENDS) : '\r\n');
  const method = dice.once(4) ? dice.pick(METHODS) : dice.pick(['GET', 'POST']);
  const target = dice.once(4) ? dice.pick(TARGETS) : '/x';
  const version = dice.once(4) ? dice.pick(VERSIONS) : 'HTTP/1.1';
  let text = `${method} ${target} ${version}${end()}`;
  if (!dice.once(12))
    text += `Host: ${dice.once(8) ? dice.pick(['a b', 'a,b', '', 'h:80', '[::1]', 'a/b']) : 'h'}${end()}`;
  for (let i = dice.below(3); i > 0; i--)
    text += `${dice.once(3) ? dice.pick(NAMES) : 'X-Ok'}:${dice.once(3) ? dice.pick(VALUES) : ' v'}${end()}`;
  for (let i = dice.below(3); i > 0; i--) text += dice.pick(FRAMING) + end();
  text += end() + (dice.once(2) ? dice.pick(BODIES) : '');
  return dice.once(6) ? scarred(text, dice) : text;
}

/** The same with one byte changed, dropped or added. */
function scarred(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  const byte = dice.once(2)
    ? String.fromCharCode(dice.below(256))
    : dice.pick([' ', '\r', '\n', ':', '\0', '\t', ',']);
  return text.slice(0, at) + (dice.once(3) ? '' : byte) + text.slice(at + dice.below(2));
}
