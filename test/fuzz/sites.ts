/** Makes random sites that nginx takes, and requests for them: a seeded grammar of what decides who answers, and with what. */
import type { Ask } from '../l7/beside-nginx.ts';
import { Dice } from './requests.ts';

/** What lies below `{root}`. */
export const FILES: Readonly<Record<string, string>> = {
  'index.html': 'INDEX',
  'a.txt': 'TXT',
  'b.txt': 'BTXT',
  'x.html': 'XHTML',
  'err.html': 'ERR',
  fallback: 'FB',
  'a/index.html': 'a-index',
  'a/a.txt': 'a-a',
  'b/a.txt': 'b-a',
  'd/index.html': 'd-index',
  'd/a.txt': 'd-a',
  'd/e/x.html': 'd-e-x',
  'e/b.txt': 'e-b',
  users: 'u:{PLAIN}p\n',
};

const SEGMENTS = ['a', 'b', 'd', 'e', 'a.txt', 'b.txt', 'x.html', 'A', 's404', 'none', 'fallback'];
const PATTERNS = [
  ...[
    '\\.txt$',
    '^/a',
    '^/(a|b)/(.*)$',
    '^/(?<n>[a-d])(/.*)?$',
    '/d/',
    '\\.(txt|html)$',
    '^/A',
    '(.)',
    '^/$',
  ],
  ...['none$', '^/a/?$', '/(.)(.)'],
];
const VALUES = [
  ...[
    '$uri',
    '$args',
    '$arg_x',
    '$1',
    '$2',
    'v',
    '$request_uri',
    '$uri$is_args$args',
    '$document_root',
    '$v',
  ],
  ...['$request_filename', '$arg_y-$arg_x', '$host', '$n', '$status', '$request_method'],
];
const CONDITIONS = [
  ...[
    '$arg_x',
    '$arg_x = 1',
    '$arg_x != 1',
    '$uri ~ "^/(a|b)"',
    '$uri !~* "/A"',
    '$request_method = POST',
    '$v',
  ],
  ...['-f $request_filename', '-d $request_filename', '!-e $request_filename', '$args ~ x=(.)'],
];
const RETURNS = [
  ...['204', '404', '403', '301 /moved', '302 "$uri"', '200 "R$uri?$args v=$v 1=$1"', '200', '500'],
  ...['307 http://e/$1', '410 gone', '444'],
];
const TRIED = ['$uri', '$uri/', '$uri.txt', '/d$uri', '/b.txt', '$uri/a.txt', '/a/$1', '/$arg_x.txt'];
/** Each stands at most once in a location. */
const OTHERS = [
  ...['limit_except GET { deny all; }', 'default_type x/y;', 'sub_filter TXT ZZ; sub_filter_types *;'],
  ...[
    'recursive_error_pages on;',
    'expires off;',
    'charset utf-8;',
    'satisfy any; deny all; allow 127.0.0.1;',
  ],
  ...['max_ranges 0;', 'etag off;', 'valid_referers none ref.x; if ($invalid_referer) { return 403; }'],
  ...['proxy_intercept_errors on;', 'internal;', 'deny all;'],
  ...['auth_basic r; auth_basic_user_file {root}/users;', 'if_modified_since off;', 'types { x/z txt; }'],
  ...['index a.txt;', 'index x.html /b.txt;', 'autoindex on;', 'port_in_redirect off;', 'proxy_method GET;'],
  ...['proxy_redirect http://u/ /pr/;', 'proxy_hide_header X-Up;', 'chunked_transfer_encoding off;'],
  ...['disable_symlinks on;', 'secure_link $arg_x; secure_link_md5 $uri;'],
];

export class Sites {
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  #often(inSoMany: number, make: () => string): string {
    return this.#dice.once(inSoMany) ? make() : '';
  }

  /** @param name by which the Host of a request finds it */
  server(name: string): string {
    const dice = this.#dice;
    const taken = new Set(['@n', '= /deny']);
    const locations = Array.from({ length: 2 + dice.below(4) }, () => this.#location(taken));
    return `server { listen {port}; server_name ${name}; root {root}; set $v ''; set $n '';
      ${this.#often(5, () => 'merge_slashes off;')} ${this.#often(3, () => 'absolute_redirect off;')}
      ${this.#often(5, () => this.#errorPage())} ${this.#often(3, () => this.#rewrite(true))} ${this.#often(10, () => this.#tryFiles())}
      ${locations.join('\n      ')}
      location @n { ${this.#body(['', 'return 200 "N$uri v=$v 1=$1";', 'proxy_pass http://{upstream};'])} }
      location = /deny { deny all; } }`;
  }

  #path(): string {
    const segments = Array.from({ length: this.#dice.below(3) }, () => this.#dice.pick(SEGMENTS));
    return `/${segments.join('/')}${segments.length > 0 ? this.#dice.pick(['', '', '/']) : ''}`;
  }

  #location(taken: Set<string>): string {
    const dice = this.#dice;
    const kind = dice.pick(['', '', '= ', '^~ ', '~ ', '~* ']);
    const byPattern = kind.startsWith('~');
    const match = byPattern ? `${kind}"${dice.pick(PATTERNS)}"` : `${kind}${this.#path()}`;
    // A path is found by its text: `^~ /a` and `/a` are one.
    const key = kind === '^~ ' ? match.slice(kind.length) : match;
    if (taken.has(key)) return '';
    taken.add(key);
    const contents = [
      '',
      '',
      '',
      'return 200 "L$uri?$args v=$v 1=$1 n=$n";',
      'proxy_pass http://{upstream};',
    ];
    const withPaths = [
      ...['alias {root}/d/;', 'alias {root}/a.txt;', 'root {root}/d;', 'proxy_pass http://{upstream}$uri;'],
      ...(byPattern ? [] : ['proxy_pass http://{upstream}/p;', 'proxy_pass http://{upstream}/p/;']),
    ];
    const inner = kind === '= ' ? '' : this.#often(5, () => this.#nested());
    return `location ${match} { ${this.#body([...contents, ...withPaths])} ${inner} }`;
  }

  #nested(): string {
    return `location ~ "${this.#dice.pick(PATTERNS)}" { ${this.#body(['', 'root {root}/d;', 'proxy_pass http://{upstream};'])} }`;
  }

  /** Lines in any order: it counts for some of them. */
  #body(contents: readonly string[]): string {
    const dice = this.#dice;
    const content = dice.pick(contents);
    const others = OTHERS.filter(() => dice.once(18));
    // Lines of one directive would be duplicates.
    const names = others.map(line => line.split(' ')[0]);
    const lines = [
      ...others.filter((_, at) => names.indexOf(names[at]) === at),
      content,
      this.#often(2, () => `${this.#rewrite(true)} ${this.#often(2, () => this.#rewrite(true))}`),
      this.#often(5, () => this.#errorPage()),
      // A file in place of a path that is to be cut off is a fault of nginx.
      /\}\/p/.test(content) ? '' : this.#often(5, () => this.#tryFiles()),
      this.#often(3, () => `add_header X-L ${dice.below(100)}${dice.pick(['', ' always'])};`),
    ];
    for (let at = lines.length - 1; at > 0; at--) {
      const other = dice.below(at + 1);
      [lines[at], lines[other]] = [lines[other]!, lines[at]!];
    }
    return lines.filter(line => line !== '').join(' ');
  }

  /** @param outside an `if` may stand here */
  #rewrite(outside: boolean): string {
    const dice = this.#dice;
    const to = () =>
      dice.pick([this.#path(), '/a$1', '/b/$1/$2', '/d$uri', '/e?q=1', '/e?', '/$v', '/fallback?x=$arg_x']);
    const flag = () => dice.pick(['', '', ' last', ' break', ' redirect', ' permanent']);
    const kind = dice.below(outside ? 7 : 5);
    if (kind === 0) return `return ${dice.pick(RETURNS)};`;
    if (kind === 1) return dice.pick(['break;', 'set $args "z=$arg_x";']);
    if (kind < 4) return `rewrite "${dice.pick(PATTERNS)}" ${to()}${flag()};`;
    if (kind === 4) return `set $v "${dice.pick(VALUES)}-${dice.pick(VALUES)}";`;
    return `if (${dice.pick(CONDITIONS)}) { ${this.#rewrite(false)} ${this.#often(2, () => this.#rewrite(false))} }`;
  }

  #errorPage(): string {
    const statuses = this.#dice.pick(['404', '403 404', '500', '404 405', '502 504', '410']);
    const answer = this.#dice.pick(['', '= ', '=200 ', '=403 ']);
    return `error_page ${statuses} ${answer}${this.#dice.pick(['/err.html', '/e', '@n', '/fallback', 'http://o/x', '/a$1'])};`;
  }

  #tryFiles(): string {
    const files = Array.from({ length: 1 + this.#dice.below(2) }, () => this.#dice.pick(TRIED));
    const last = this.#dice.pick(['=404', '=403', '@n', '/fallback', '/e?x=1', '/index.html']);
    return `try_files ${files.join(' ')} ${last};`;
  }

  /** A request for a server. */
  ask(name: string): Ask {
    const dice = this.#dice;
    const tail = dice.pick([
      '',
      '',
      '',
      '%61',
      '%2e',
      '%2F',
      '//',
      '/../',
      '/./',
      '%20',
      '?x=1',
      '?x=2&y=3',
      '?',
      '?x',
    ]);
    const path = this.#path().replace(/^\/$/, dice.pick(['/', '//']));
    const method = dice.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
    const field = dice.pick([
      ...[
        '',
        '',
        '',
        'Range: bytes=0-1',
        'If-None-Match: *',
        'Referer: http://x/',
        'Authorization: Basic dTpw',
      ],
      ...['If-Modified-Since: Sun, 05 May 2024 10:20:30 GMT'],
    ]);
    const body = method === 'POST' || method === 'PUT' ? ['>body'] : [];
    const version = dice.once(4) ? ' HTTP/1.0' : '';
    return [`${method} ${path}${tail}${version}`, `Host: ${name}`, ...(field === '' ? [] : [field]), ...body];
  }
}
