/** A backend of HAProxy: a pool, and what a location that passes to it says. */
import { type Line, type Section, timeOf } from './haproxy-tree.ts';
import { moatValue, variableOf } from './haproxy-value.ts';
import type { Remarks, Words } from './outcome.ts';

export interface Pool {
  readonly name: string;
  readonly line: number;
  /** Inside `upstream`. */
  readonly lines: readonly Words[];
  /** Inside a location. */
  readonly passing: readonly Words[];
  /** What answers to checks must be; undefined: 2xx or 3xx. */
  readonly match: Words | undefined;
  readonly members: number;
}

/** Parameters of a server line that take a word, and those that stand alone. */
const VALUED = new Set([
  ...[
    'weight',
    'maxconn',
    'inter',
    'fastinter',
    'downinter',
    'fall',
    'rise',
    'port',
    'addr',
    'cookie',
    'sni',
    'alpn',
  ],
  ...[
    'ca-file',
    'crt',
    'verify',
    'verifyhost',
    'slowstart',
    'id',
    'init-addr',
    'resolvers',
    'resolve-prefer',
    'source',
  ],
  ...[
    'check-sni',
    'check-alpn',
    'ssl-min-ver',
    'ssl-max-ver',
    'ciphers',
    'ciphersuites',
    'on-marked-down',
    'observe',
  ],
  ...[
    'error-limit',
    'on-error',
    'pool-max-conn',
    'pool-purge-delay',
    'proto',
    'minconn',
    'maxqueue',
    'track',
  ],
]);
const NEEDLESS = new Set([
  'mode',
  'log',
  'id',
  'description',
  'option',
  'timeout',
  'acl',
  'stick-table',
  'default-server',
]);

export class BackendReader {
  readonly #section: Section;
  readonly #all: readonly Line[];
  readonly #remarks: Remarks;

  constructor(section: Section, remarks: Remarks) {
    this.#section = section;
    this.#all = [...section.defaults, ...section.lines];
    this.#remarks = remarks;
  }

  /** Of lines that replace one another the last one counts. */
  #last(...start: readonly string[]): Line | undefined {
    return this.#all.findLast(({ words }) => start.every((word, at) => words[at] === word));
  }

  read(): Pool {
    const { name, line } = this.#section;
    const servers = this.#section.lines.filter(({ words: [first] }) => first === 'server');
    const parameters = servers.map(server => this.#parametersOf(server));
    const check = this.#check(parameters);
    const balance = this.#balance();
    // Such a method gives each member its share of keys, whatever state it is in.
    const takesAll = balance.some(([first]) => first === 'hash' || first === 'random');
    this.#tellOfTheRest();
    return {
      name,
      line,
      lines: [...balance, ...this.#sticky(parameters), ...this.#members(servers, parameters, takesAll)],
      passing: [...this.#passing(parameters), ...check.words],
      match: check.match,
      members: servers.length,
    };
  }

  /** Those of default-server first. */
  #parametersOf(server: Line): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    const lines = this.#all.filter(({ words: [first] }) => first === 'default-server');
    for (const words of [...lines.map(({ words }) => words.slice(1)), server.words.slice(3)])
      for (let at = 0; at < words.length; at++) {
        const word = words[at]!;
        found.set(word, VALUED.has(word) ? (words[++at] ?? '') : '');
      }
    return found;
  }

  #balance(): Words[] {
    const line = this.#last('balance');
    const [, method = 'roundrobin', argument] = line?.words ?? [];
    const isConsistent = this.#last('hash-type')?.words[1] === 'consistent';
    const hash = (key: string): Words[] => [['hash', key, ...(isConsistent ? ['consistent'] : [])]];
    const [, header] = /^hdr\(([\w-]+)\)$/.exec(method) ?? [];
    if (method.endsWith('roundrobin') || method === 'static-rr') return [];
    if (method === 'leastconn') return [['least_conn']];
    if (method === 'source') return hash('$remote_addr');
    if (method === 'uri') return hash('$uri');
    if (method === 'url_param' && argument) return hash(`$arg_${argument}`);
    if (header !== undefined) return hash(`$http_${variableOf(header)}`);
    if (/^random/.test(method)) return [['random', 'two', 'least_conn']];
    this.#remarks.changed(line!.line, `balance ${method} became round robin: moat has no such method`);
    return [];
  }

  #sticky(parameters: readonly ReadonlyMap<string, string>[]): Words[] {
    const cookie = this.#last('cookie');
    if (cookie && parameters.some(one => one.has('cookie'))) {
      const [, name = '', ...how] = cookie.words;
      if (how.includes('insert')) {
        const domain = how.indexOf('domain');
        this.#remarks.changed(
          cookie.line,
          `cookie ${name}: moat signs its value, so each session is given to a server once more`,
        );
        return [
          [
            ...['sticky', 'cookie', name, 'path=/'],
            ...(domain === -1 ? [] : [`domain=${how[domain + 1]}`]),
            ...how.filter(word => word === 'httponly' || word === 'secure'),
          ],
        ];
      }
      this.#remarks.dropped(
        cookie.line,
        `cookie ${name}: of its ways moat has insert alone; sticky learn does the others`,
      );
    }
    return this.#learned();
  }

  /** A stick table: who was sent where. */
  #learned(): Words[] {
    const line = this.#last('stick', 'on') ?? this.#last('stick', 'match');
    if (!line) return [];
    const [, , fetch = ''] = line.words;
    const stored = this.#last('stick', 'store-response');
    const key = moatValue(`%[${fetch}]`);
    const [, set] = /^(?:res\.cook|set-cookie|scook)\(([\w-]+)\)$/.exec(stored?.words[2] ?? '') ?? [];
    if (key === undefined || line.words.length > 3) {
      this.#remarks.dropped(
        line.line,
        `${line.words.join(' ')}: sticky learn has create= and lookup= for it`,
      );
      return [];
    }
    const table = this.#last('stick-table')?.words ?? [];
    const expire = timeOf(table[table.indexOf('expire') + 1]);
    return [
      [
        ...[
          'sticky',
          'learn',
          `create=${set === undefined ? key : `$upstream_cookie_${set}`}`,
          `lookup=${key}`,
        ],
        ...[`zone=${this.#section.name}_sessions:1m`, ...(expire === undefined ? [] : [`timeout=${expire}`])],
      ],
    ];
  }

  #members(
    servers: readonly Line[],
    parameters: readonly ReadonlyMap<string, string>[],
    takesAll: boolean,
  ): Words[] {
    const queue = timeOf(this.#last('timeout', 'queue')?.words[2]);
    const isLimited = parameters.some(one => Number(one.get('maxconn') ?? 0) > 0);
    const members = servers.map(({ words, line }, at) =>
      this.#member(words[2] ?? '', parameters[at]!, line, takesAll),
    );
    return isLimited ? [...members, ['queue', '1000', `timeout=${queue ?? '60s'}`]] : members;
  }

  #member(address: string, own: ReadonlyMap<string, string>, line: number, takesAll: boolean): Words {
    for (const name of ['source', 'minconn', 'track', 'proto', 'observe'])
      if (own.has(name)) this.#remarks.dropped(line, `${name} of a server`);
    const weight = own.get('weight');
    const slow = timeOf(own.get('slowstart'));
    const isBarred = takesAll && own.has('backup');
    const isOff = own.has('disabled') || weight === '0' || isBarred;
    if (isBarred)
      this.#remarks.changed(
        line,
        `${address}: beside a hash moat has no backup: it is down until you say otherwise`,
      );
    if (takesAll && slow !== undefined) this.#remarks.dropped(line, 'slowstart of a server beside a hash');
    const isName = !/^(\[|unix@|\/|[\d.]+(:|$))/.test(address);
    if (isName && own.has('resolvers'))
      this.#remarks.changed(
        line,
        `${address} is looked up when moat starts; "resolve" and a resolver line follow it`,
      );
    return [
      'server',
      address.replace(/^unix@|^(?=\/)/, 'unix:'),
      ...(weight === undefined || isOff ? [] : [`weight=${weight}`]),
      ...(Number(own.get('maxconn') ?? 0) > 0 ? [`max_conns=${own.get('maxconn')}`] : []),
      ...(slow === undefined || takesAll ? [] : [`slow_start=${slow}`]),
      ...(own.has('backup') && !isBarred ? ['backup'] : []),
      ...(isOff ? ['down'] : []),
    ];
  }

  #passing(parameters: readonly ReadonlyMap<string, string>[]): Words[] {
    const tls = parameters.filter(one => one.has('ssl'));
    if (tls.length > 0 && tls.length < parameters.length)
      this.#remarks.changed(this.#section.line, 'ssl holds for all servers of the pool now');
    const protocol = parameters.some(one => one.has('send-proxy-v2')) ? 'v2' : 'v1';
    const sends = parameters.some(one => one.has('send-proxy') || one.has('send-proxy-v2'));
    const ca = tls.find(one => one.get('verify') === 'required')?.get('ca-file');
    const sni = /^str\((.+)\)$/.exec(tls[0]?.get('sni') ?? '')?.[1];
    return [
      ['proxy_pass', `${tls.length > 0 ? 'https' : 'http'}://${this.#section.name}`],
      ...(sends ? [['proxy_protocol', protocol]] : []),
      ...(ca === undefined || ca === '@system-ca'
        ? []
        : [
            ['proxy_ssl_verify', 'on'],
            ['proxy_ssl_trusted_certificate', ca],
          ]),
      ...(tls.length > 0 ? [['proxy_ssl_server_name', 'on']] : []),
      ...(sni === undefined ? [] : [['proxy_ssl_name', sni]]),
      ...this.#times(),
    ];
  }

  #times(): Words[] {
    const time = (name: string) => timeOf(this.#last('timeout', name)?.words[2]);
    const [connect, server] = [time('connect'), time('server')];
    const retries = this.#last('retries')?.words[1];
    return [
      ...(connect === undefined ? [] : [['proxy_connect_timeout', connect]]),
      ...(server === undefined
        ? []
        : [
            ['proxy_read_timeout', server],
            ['proxy_send_timeout', server],
          ]),
      ...(retries === undefined ? [] : [['proxy_next_upstream_tries', String(Number(retries) + 1)]]),
    ];
  }

  #check(parameters: readonly ReadonlyMap<string, string>[]): { words: Words[]; match: Words | undefined } {
    const own = parameters.find(one => one.has('check'));
    if (!own) return { words: [], match: undefined };
    const http = this.#last('option', 'httpchk');
    const send = this.#last('http-check', 'send')?.words ?? [];
    const [, , first = '', second] = http?.words ?? [];
    const uri = send.includes('uri')
      ? send[send.indexOf('uri') + 1]
      : (second ?? (first.startsWith('/') ? first : '/'));
    const [, , kind, status = ''] = this.#last('http-check', 'expect')?.words ?? [];
    const isStatus = kind === 'status' && /^[\d,-]+$/.test(status);
    if (kind !== undefined && !isStatus)
      this.#remarks.dropped(
        this.#last('http-check', 'expect')!.line,
        `http-check expect ${kind}: a match block says it`,
      );
    const name = `${this.#section.name}_check`;
    const interval = timeOf(own.get('inter'));
    const words = [
      'health_check',
      `interval=${interval ?? '2s'}`,
      `fails=${own.get('fall') ?? '3'}`,
      `passes=${own.get('rise') ?? '2'}`,
      ...(own.has('port') ? [`port=${own.get('port')}`] : []),
      ...(http ? [`uri=${uri}`, ...(isStatus ? [`match=${name}`] : [])] : ['type=tcp']),
    ];
    return { words: [words], match: isStatus && http ? [name, ...status.split(',')] : undefined };
  }

  #tellOfTheRest(): void {
    if (this.#section.kind === 'listen') return; // it is read as a frontend, too, which tells of them
    for (const { line, words } of this.#section.lines) {
      const [first = '', second] = words;
      if (NEEDLESS.has(first) || READ.has(first) || PASSED_ON.has(`${first} ${second}`)) continue;
      this.#remarks.dropped(line, `${words.slice(0, 3).join(' ')} of the backend`);
    }
  }
}

const READ = new Set([
  'server',
  'balance',
  'hash-type',
  'cookie',
  'stick',
  'http-check',
  'retries',
  'compression',
]);
/** Read with the frontend's. */
const PASSED_ON = new Set([
  'http-request set-header',
  'http-request del-header',
  'http-response set-header',
  'http-response del-header',
]);
