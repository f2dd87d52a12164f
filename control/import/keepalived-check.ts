/** The checkers of keepalived as health checks of moat. */
import type { Entry } from './keepalived-tree.ts';
import type { Remarks, Words } from './outcome.ts';

export interface Check {
  /** Words after `health_check`. */
  readonly words: Words;
}

type Read = (entry: Entry, words: Values, remarks: Remarks) => Words[];

/** The first word of each keyword in a block. */
type Values = ReadonlyMap<string, readonly string[]>;

const CHECKERS: Readonly<Record<string, Read>> = {
  HTTP_GET: (entry, values, remarks) => urls('http', entry, values, remarks),
  SSL_GET: (entry, values, remarks) => urls('https', entry, values, remarks),
  TCP_CHECK: () => [['tcp']],
  SMTP_CHECK: smtp,
  DNS_CHECK: (_, values) => [
    ['dns', ...param('name', values.get('name')?.[0]), ...param('record', values.get('type')?.[0])],
  ],
  MISC_CHECK: script,
  UDP_CHECK: udp,
  PING_CHECK: () => [['ping']],
  FILE_CHECK: (entry, _, remarks) => {
    remarks.dropped(
      entry.line,
      'FILE_CHECK: write health_check file path=... with the path of its track_file',
    );
    return [];
  },
  BFD_CHECK: (entry, _, remarks) => {
    remarks.dropped(entry.line, 'BFD_CHECK: moat has no BFD');
    return [];
  },
};

export const isCheck = (name: string): boolean => Object.hasOwn(CHECKERS, name);

/** @param around the keywords of the virtual server, which hold where a check says nothing */
export function checksOf(
  real: Entry,
  around: ReadonlyMap<string, Entry>,
  intervalS: string,
  remarks: Remarks,
): Check[] {
  const own = valuesOf(real);
  return (real.block ?? []).flatMap(entry => {
    const read = CHECKERS[entry.name];
    if (!read || !isCheck(entry.name)) return [];
    const values = valuesOf(entry);
    const word = (name: string) => (values.get(name) ?? own.get(name) ?? around.get(name)?.words)?.[0];
    tellOfTheRest(entry, remarks);
    const times = timesOf(word, intervalS);
    return read(entry, new Map([...hostOf(word), ...values]), remarks).map(words => ({
      words: [...words, ...placeOf(values), ...times],
    }));
  });
}

const hostOf = (word: (name: string) => string | undefined): [string, string[]][] => {
  const host = word('virtualhost');
  return host === undefined ? [] : [['virtualhost', [host]]];
};

function valuesOf({ block }: Entry): Values {
  return new Map((block ?? []).map(({ name, words }) => [name, words]));
}

const param = (name: string, value: string | undefined): Words =>
  value === undefined ? [] : [`${name}=${value}`];

/** keepalived fails after its retries; one success brings a real server back. */
function timesOf(word: (name: string) => string | undefined, intervalS: string): Words {
  const fall = Number(word('retry') ?? word('nb_get_retry') ?? 1) + 1;
  const timeout = word('misc_timeout') ?? word('connect_timeout') ?? '5';
  return [`interval=${word('delay_loop') ?? intervalS}s`, `timeout=${timeout}s`, `fall=${fall}`, 'rise=1'];
}

function placeOf(values: Values): Words {
  return [
    ...param('port', values.get('connect_port')?.[0]),
    ...param('address', values.get('connect_ip')?.[0]),
    ...param('from', values.get('bindto')?.[0] ?? values.get('bind_to')?.[0]),
  ];
}

/** A check for each url. */
function urls(type: 'http' | 'https', entry: Entry, values: Values, remarks: Remarks): Words[] {
  const version = values.get('http_protocol')?.[0];
  return (entry.block ?? [])
    .filter(({ name }) => name === 'url')
    .map(url => {
      const own = valuesOf(url);
      for (const { name, line } of url.block ?? [])
        if (!URL_KNOWN.has(name)) remarks.dropped(line, `${name} of a url`);
      const digest = own.get('digest')?.[0];
      const status = own.get('status_code') ?? (digest === undefined ? undefined : ['200']);
      return [
        type,
        ...param('uri', own.get('path')?.[0]),
        ...param('host', (own.get('virtualhost') ?? values.get('virtualhost'))?.[0]),
        ...param('status', status?.join(',')),
        ...param('digest', digest),
        ...param('body', own.get('regex')?.[0]),
        ...(version === undefined || version.startsWith('1.0') ? ['version=1.0'] : []),
      ];
    });
}

/** Each host in it is asked. */
function smtp(entry: Entry, values: Values, remarks: Remarks): Words[] {
  const words = ['smtp', ...param('hello', values.get('helo_name')?.[0])];
  const hosts = (entry.block ?? []).filter(({ name }) => name === 'host');
  for (const host of hosts) tellOfTheRest(host, remarks);
  return hosts.length === 0 ? [words] : hosts.map(host => [...words, ...placeOf(valuesOf(host))]);
}

function script(entry: Entry, values: Values, remarks: Remarks): Words[] {
  const command = (values.get('misc_path') ?? []).join(' ').trim();
  if (!command.startsWith('/')) {
    remarks.dropped(entry.line, `MISC_CHECK ${command}: a program is named by its absolute path`);
    return [];
  }
  if (/["'`$|&;<>]/.test(command))
    remarks.changed(entry.line, 'no shell reads the command: put what needs one into a script');
  const [user] = values.get('user') ?? [];
  return [
    [
      'script',
      `command=${command}`,
      ...param('user', user),
      ...(values.has('misc_dynamic') ? ['dynamic_weight'] : []),
    ],
  ];
}

/** Payloads are hexadecimal, with blanks or without; a reply may have wildcards for half bytes. */
function udp(entry: Entry, values: Values, remarks: Remarks): Words[] {
  const payload = (values.get('payload') ?? []).join('').replace(/\s/g, '');
  const reply = values.get('require_reply')?.join('').replace(/\s/g, '');
  if (values.has('min_reply_length') || values.has('max_reply_length'))
    remarks.dropped(entry.line, 'lengths of the reply: expect= can say them, as in ^.{4,9}$');
  return [
    [
      'udp',
      ...(payload === '' ? [] : [`send=hex:${payload}`]),
      ...(reply === undefined ? [] : [`expect=${replyPattern(reply)}`]),
    ],
  ];
}

/** `0102`, `x1`, `1x` → a pattern on bytes. */
function replyPattern(reply: string): string {
  const bytes = reply.match(/../g) ?? [];
  return `^${bytes.map(bytePattern).join('')}`;
}

function bytePattern(pair: string): string {
  const digits = [...'0123456789abcdef'];
  const [high = '', low = ''] = [...pair.toLowerCase()].map(half => (digits.includes(half) ? half : ''));
  if (high !== '' && low !== '') return `\\x${high}${low}`;
  if (high !== '') return `[\\x${high}0-\\x${high}f]`;
  return low === '' ? '[\\x00-\\xff]' : `[${digits.map(digit => `\\x${digit}${low}`).join('')}]`;
}

const URL_KNOWN = new Set(['path', 'digest', 'status_code', 'virtualhost', 'regex']);
const KNOWN = new Set([
  ...[
    'url',
    'host',
    'connect_port',
    'connect_ip',
    'bindto',
    'bind_to',
    'connect_timeout',
    'retry',
    'nb_get_retry',
  ],
  ...['delay_before_retry', 'delay_loop', 'warmup', 'helo_name', 'type', 'name', 'misc_path', 'misc_timeout'],
  ...[
    'misc_dynamic',
    'user',
    'payload',
    'require_reply',
    'min_reply_length',
    'max_reply_length',
    'virtualhost',
  ],
  ...['http_protocol', 'enable_sni', 'track_file', 'alpha', 'log_all_failures'],
]);

function tellOfTheRest({ block, name: owner }: Entry, remarks: Remarks): void {
  for (const { name, line } of block ?? [])
    if (!KNOWN.has(name)) remarks.dropped(line, `${name} of ${owner}`);
}
