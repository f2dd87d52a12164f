/** Makes servers whose locations hold random programs of the rewrite module, and requests for them. */
import type { Ask } from '../l7/beside-nginx.ts';
import type { Dice } from './requests.ts';

/** What a program leaves behind. */
const SHOW = '"$uri|$args|$v1|$v2|$1|$2|$n1|$n2|$request_uri|$is_args"';

const PATTERNS = [
  ...[
    '^/a/(.*)$',
    '^/(.)(.*)$',
    '^',
    '/b',
    '(\\d+)',
    '^/(?<n1>[a-z]+)/(?<n2>.*)$',
    'x$',
    '(a)|(b)',
    '^/c(/.*)?$',
  ],
  ...['(?i)^/A(.*)', '^/([^/]*)/([^/]*)$', '%', '" "', '(?<n1>\\w+)$', '^(.*)$', '[+&]', '"^/a/(.{1,3})$"'],
];
const PATHS = [
  ...[
    '/b/$1',
    '/c/$2?k=$1',
    '/d/$1?',
    '/a$uri',
    '/z?$args',
    '/b/$v1',
    '$uri/x',
    '/e/$n1-$n2?q=$1',
    '/b/%20x',
    '/c',
  ],
  ...['/c?x=$1&y=$2', '/b/$1?$args?', '/d$1$2', '"/b/x y"', '$v1', '/f?u=$uri', '/b?k=$arg_x', '/b/$http_x'],
];
const URLS = ['http://h/$1', 'https://h$uri?k', '$scheme://h/$2', 'http://h/$1?x=$2', '/r/$1'];
const VALUES = [
  ...[
    '"$1"',
    '"$1-$2"',
    '"[$v1]"',
    '$arg_x',
    '$uri',
    '"$v2$args"',
    'x',
    '""',
    '0',
    '$n1',
    '"$n1/$n2"',
    '$http_x',
  ],
  ...['"${v1}y"', '"$1$uri"', '"a b"', '$cookie_c'],
];
const WRITABLE = ['$v1', '$v2', '$args', '$n1', '$arg_x', '$http_x', '$cookie_c'];
const READABLE = [...WRITABLE, '$uri', '$request_method', '$request_uri', '$host'];
const COMPARED = ['1', 'x', '"a b"', '""', '$v1', '$arg_y', '"$1"', '/a/x', 'GET', '"$v1$v2"'];
const FILES = ['{root}$uri', '{root}/$1', '{root}/dir', '{root}/dir/$arg_x', '"{root}/a b"'];
const RETURNS = [
  ...[`return 200 ${SHOW};`, `return 200 ${SHOW};`, 'return 403;', 'return 302 /go/$1?$args;', 'return 204;'],
  ...[
    'return 301 http://h$uri;',
    'return http://k/$v1;',
    'return 404 "none $v1";',
    'return 200;',
    'return 418 tea;',
  ],
];
/** What a location ends with, when nothing in it answered before. */
const ENDS = [
  ...[`return 200 ${SHOW};`, `return 200 ${SHOW};`, '', 'try_files $uri /dir/f =404;', 'root {root}/dir;'],
  ...['error_page 403 /e403; return 403;', 'proxy_set_header Host echo; proxy_pass http://{port};'],
  'proxy_set_header Host echo; proxy_pass http://{port}/q$uri;',
];
const LOCATIONS = ['/', '/a/', '/b', '= /c', '~ ^/d(.*)$', '/e', '~* /(x+)'];

type Place = 'server' | 'location' | 'if';

export class ProgramMaker {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** The inside of a `server` block, without `listen`. */
  server(): string {
    const places = LOCATIONS.map(
      at => `location ${at} { ${this.#lines(this.#dice.below(5), 'location')} ${this.#dice.pick(ENDS)} }`,
    );
    return `${this.#lines(this.#dice.below(4), 'server')}\n${places.join('\n')}\nlocation /e403 { return 200 "$uri $v1"; }`;
  }

  request(host: string): Ask {
    const dice = this.#dice;
    const path = dice.pick([
      ...[
        '/',
        '/a/',
        '/a/x',
        '/a/1/2',
        '/b',
        '/bx',
        '/c',
        '/c/d',
        '/d/yy',
        '/e/f',
        '/a%20b',
        '/a/b%2Bc',
        '/a/b+c',
      ],
      ...['/dir', '/dir/f', '/x', '/A/x', '/a/b%26c%3Dd', '/d1', '/e%25x', '/a/caf%C3%A9', '/dir/'],
    ]);
    const args = dice.pick(['', '', '?', '?x=1', '?x=a%20b&y=1', '?x=x&x=2', '?y', '?x=0']);
    const fields = dice.once(5) ? [`X: ${dice.pick(['1', '/a/q', 'x y'])}`] : [];
    if (dice.once(5)) fields.push(`Cookie: c=${dice.pick(['1', 'v2', ''])}`);
    return [`${dice.pick(['GET', 'GET', 'HEAD', 'POST'])} ${path}${args}`, `Host: ${host}`, ...fields];
  }

  #lines(count: number, place: Place): string {
    return Array.from({ length: count }, () => this.#line(place)).join('\n');
  }

  #line(place: Place): string {
    const dice = this.#dice;
    switch (dice.below(9)) {
      case 0:
      case 1:
        return this.#rewrite();
      case 2:
      case 3:
        return place === 'if'
          ? this.#set()
          : `if (${this.#condition()}) { ${this.#lines(1 + dice.below(3), 'if')} }`;
      case 4:
        return dice.once(3) ? 'break;' : this.#set();
      case 5:
        return place !== 'server' && dice.once(3) ? dice.pick(RETURNS) : this.#set();
      default:
        return this.#set();
    }
  }

  #set(): string {
    return `set ${this.#dice.pick(WRITABLE)} ${this.#dice.pick(VALUES)};`;
  }

  #rewrite(): string {
    const dice = this.#dice;
    const pattern = dice.pick(PATTERNS);
    if (dice.once(7))
      return `rewrite ${pattern} ${dice.pick(URLS)}${dice.pick(['', ' permanent', ' redirect', ' last'])};`;
    return `rewrite ${pattern} ${dice.pick(PATHS)}${dice.pick(['', '', ' last', ' break', ' redirect'])};`;
  }

  #condition(): string {
    const dice = this.#dice;
    const value = dice.pick(READABLE);
    switch (dice.below(5)) {
      case 0:
        return value;
      case 1:
        return `${value} ${dice.pick(['=', '!='])} ${dice.pick(COMPARED)}`;
      case 2:
        return `${dice.pick(['-f', '!-f', '-d', '!-d', '-e', '!-e', '-x', '!-x'])} ${dice.pick(FILES)}`;
      default:
        return `${value} ${dice.pick(['~', '!~', '~*', '!~*'])} ${dice.pick(PATTERNS)}`;
    }
  }
}
