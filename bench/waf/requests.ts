/** The requests that are measured: benign ones of four sizes, and attacks. */
import { FRESH } from './fresh.ts';

export interface Ask {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly type?: string;
  readonly body?: string;
  /** Whether a WAF has to refuse it. */
  readonly attack: boolean;
  /** How many times less processor time moat may take for it than nginx with ModSecurity. */
  readonly goal: number;
}

/** What a browser sends with each of them. */
export const BROWSER: Readonly<Record<string, string>> = {
  Host: 'www.example.com',
  'User-Agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-US,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  Referer: 'https://www.example.com/catalog/shoes?page=2',
  Cookie: `session=9f86d081884c7d659a2f${FRESH}; theme=dark; consent=analytics-no`,
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
};

const FORM = Array.from({ length: 10 }, (_, n) =>
  `field${n}=${encodeURIComponent(`Some plain words number ${n}, WORD, as people write them in forms of ${['shops', 'banks'][n % 2]}`)}`.replace(
    'WORD',
    FRESH,
  ),
).join('&');

const item = (n: number) => ({
  id: 1000 + n,
  name: `Article ${FRESH} number ${n}`,
  price: n * 3.5,
  tags: ['new', `kind-${n % 7}`],
  stock: n % 3 === 0,
});
const json = (items: number) =>
  JSON.stringify({
    customer: 'Jane Example',
    note: `Please ring the bell, ${FRESH}`,
    items: Array.from({ length: items }, (_, n) => item(n)),
  });

const get = (name: string, target: string, attack: boolean, goal: number): Ask => ({
  name,
  method: 'GET',
  target,
  attack,
  goal,
});
const post = (name: string, target: string, type: string, body: string, goal: number): Ask => ({
  name,
  method: 'POST',
  target,
  type,
  body,
  attack: false,
  goal,
});

export const ASKS: readonly Ask[] = [
  get('GET', `/catalog/search?q=running+${FRESH}+shoes&page=2&sort=price&color=dark+blue&size=42`, false, 10),
  post('form 1 KB', '/checkout', 'application/x-www-form-urlencoded', FORM, 10),
  post('JSON 1 KB', '/api/orders', 'application/json', json(9), 10),
  post('JSON 10 KB', '/api/orders', 'application/json', json(110), 30),
  get('SQL injection', '/catalog/search?q=%27%20OR%201%3D1%20--%20', true, 5),
  get('script', '/catalog/search?q=%3Cscript%3Ealert(1)%3C/script%3E', true, 5),
];

/** The names that were asked for, all when none was. @returns the first that there is not */
export function chosenAsks(names: string | undefined): readonly Ask[] | string {
  const asked = names?.split(',');
  const unknown = asked?.find(name => !ASKS.some(ask => ask.name === name));
  return unknown ?? ASKS.filter(({ name }) => asked?.includes(name) ?? true);
}
