/** What a health check of the L4 tier asks, from the parameters of its line. */
import {
  type CheckQuestion,
  type CheckTlsModel,
  DNS_RECORD_TYPES,
  type HttpQuestion,
  type L4CheckType,
} from '#model/l4/health.ts';
import type { Pattern } from '#model/template.ts';
import { ArgumentFault, type ArgumentValues, arg } from './argument.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';

const DAY_MS = 86_400_000;
const MOST_DATAGRAM = 1400;

/** Parameters that belong to some kinds of check only. */
export const CHECK_PARAMETERS = {
  send: arg.text('a text or hex:BYTES').param(),
  expect: arg.pattern().param(),
  tls: arg.word(),
  sni: arg.text('a host name').param(),
  verify: arg.word(),
  ca: arg.text('a path').param(),
  expiry_warning: arg.durationMs().param(),
  method: arg.oneOf(['GET', 'HEAD']).param(),
  uri: arg.text('a URI').param(),
  version: arg.oneOf(['1.0', '1.1', '2']).param(),
  host: arg.text('a host name').param(),
  status: arg.text('statuses and ranges').param(),
  header: arg.token('NAME or NAME:REGEX').param(),
  body: arg.pattern().param(),
  digest: arg.text('hexadecimal digits').param(),
  name: arg.text('a domain name').param(),
  record: arg.oneOf(DNS_RECORD_TYPES).param(),
  hello: arg.text('a host name').param(),
  service: arg.text('a service name').param(),
  password: arg.text('a text').param().secret(),
  user: arg.text('a user').param(),
  database: arg.text('a database').param(),
  command: arg.text('a program and its arguments').param(),
  path: arg.text('an absolute path').param(),
  dynamic_weight: arg.word(),
};

type Parameters = ArgumentValues<typeof CHECK_PARAMETERS>;

const TLS: readonly L4CheckType[] = ['https', 'tcp', 'grpc'];
const HTTP: readonly L4CheckType[] = ['http', 'https'];

const GOES_WITH: Readonly<Record<keyof Parameters, readonly L4CheckType[]>> = {
  send: ['tcp', 'udp'],
  expect: ['tcp', 'udp'],
  tls: ['tcp', 'grpc'],
  sni: TLS,
  verify: TLS,
  ca: TLS,
  expiry_warning: TLS,
  method: HTTP,
  uri: HTTP,
  version: HTTP,
  host: HTTP,
  status: HTTP,
  header: HTTP,
  body: HTTP,
  digest: HTTP,
  name: ['dns'],
  record: ['dns'],
  hello: ['smtp'],
  service: ['grpc'],
  password: ['redis'],
  user: ['mysql', 'postgres', 'script'],
  database: ['postgres'],
  command: ['script'],
  path: ['file'],
  dynamic_weight: ['script', 'file', ...HTTP],
};

/** @throws {ArgumentFault} at the first parameter that belongs to other kinds of check */
export function refuseMisfits(type: L4CheckType, tokens: readonly Token[]): void {
  for (const token of tokens.slice(1)) {
    if (token.quote === '' && /^\w+=["']/.test(token.text))
      throw new ArgumentFault(
        `${token.text} has a quote within the word`,
        'quotes go around the whole word: "name=some text"',
        token,
      );
    const name = token.text.split('=')[0]!;
    const types = Object.hasOwn(GOES_WITH, name) ? GOES_WITH[name as keyof Parameters] : undefined;
    if (types && !types.includes(type))
      throw new ArgumentFault(
        `${type} has no parameter "${name}"`,
        `it goes with ${types.join(', ')}`,
        token,
      );
  }
}

type Reader = (args: Parameters, scope: Scope) => CheckQuestion;

const QUESTIONS: Readonly<Record<L4CheckType, Reader>> = {
  tcp: (args, scope) => ({
    type: 'tcp',
    send: args.send === undefined ? undefined : bytesOf(args.send),
    expect: args.expect,
    tls: tlsOf(args, args.tls ?? false, scope),
  }),
  http: httpOf('http'),
  https: httpOf('https'),
  dns: ({ name = '.', record = 'NS' }) => {
    if (!isDomainName(name)) throw new ArgumentFault(`"${name}" is not a domain name`);
    return { type: 'dns', name, record };
  },
  udp: ({ send = '', expect }) => {
    const bytes = bytesOf(send);
    if (bytes.length > MOST_DATAGRAM)
      throw new ArgumentFault(`send= has ${bytes.length} bytes`, `take ${MOST_DATAGRAM} at most`);
    return { type: 'udp', send: bytes, expect };
  },
  ping: () => ({ type: 'ping' }),
  smtp: ({ hello = '' }) => ({ type: 'smtp', hello: singleLine('hello', hello) }),
  grpc: (args, scope) => ({
    type: 'grpc',
    service: args.service ?? '',
    tls: tlsOf(args, args.tls ?? false, scope),
  }),
  redis: ({ password }) => ({ type: 'redis', password }),
  mysql: ({ user }) => ({ type: 'mysql', user: user === undefined ? undefined : noZero('user', user) }),
  postgres: ({ user = 'moat', database = user }) => ({
    type: 'postgres',
    user: noZero('user', user),
    database: noZero('database', database),
  }),
  script: ({ command = '', user, dynamic_weight: dynamicWeight = false }) => {
    const words = command.split(/\s+/).filter(word => word !== '');
    if (!words[0]?.startsWith('/'))
      throw new ArgumentFault(
        words[0] === undefined ? 'script needs command=' : `"${words[0]}" is not an absolute path`,
        'write "command=/path/to/program argument"',
      );
    return { type: 'script', command: words, user, dynamicWeight };
  },
  file: ({ path = '', dynamic_weight: dynamicWeight = false }) => {
    if (!path.startsWith('/'))
      throw new ArgumentFault(
        path === '' ? 'file needs path=' : `"${path}" is not an absolute path`,
        'write path=/run/moat/web.weight',
      );
    return { type: 'file', path, dynamicWeight };
  },
};

/** @throws {ArgumentFault} when the parameters do not make a question */
export function questionOf(args: Parameters & { readonly type: L4CheckType }, scope: Scope): CheckQuestion {
  return QUESTIONS[args.type](args, scope);
}

function httpOf(type: 'http' | 'https'): Reader {
  return (args, scope) => {
    const { method = 'GET', uri = '/', version = '1.1', host } = args;
    if (!/^\/[\x21-\x7e]*$/.test(uri)) throw new ArgumentFault(`"${uri}" is not a URI`, 'it starts with /');
    if (host !== undefined && !/^[\x21-\x7e]+$/.test(host))
      throw new ArgumentFault(`"${host}" is not a host name`);
    if (method === 'HEAD' && (args.body || args.digest !== undefined || args.dynamic_weight))
      throw new ArgumentFault('the answer to HEAD has no body', 'remove method=HEAD');
    return {
      type,
      method,
      uri,
      version,
      host,
      statuses: statusesOf(args.status ?? '200-399'),
      header: args.header && headerOf(args.header, scope),
      body: args.body,
      digest: args.digest === undefined ? undefined : digestOf(args.digest),
      dynamicWeight: args.dynamic_weight ?? false,
      tls: tlsOf({ ...args, sni: args.sni ?? host?.replace(/:\d+$/, '') }, type === 'https', scope),
    };
  };
}

function statusesOf(text: string): readonly (readonly [number, number])[] {
  return text.split(',').map(part => {
    const [, from, to = from] = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from))
      throw new ArgumentFault(`"${part}" is not a status`, 'write status=200-299,301');
    return [Number(from), Number(to)];
  });
}

function headerOf(token: Token, scope: Scope): HttpQuestion['header'] {
  const [name = '', value] = token.text.split(/:(.*)/s);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    throw new ArgumentFault(`"${name}" is not the name of a header`);
  const pattern: Pattern | undefined =
    value === undefined ? undefined : scope.pattern(value.trim(), false, token);
  return { name: name.toLowerCase(), value: pattern };
}

function digestOf(text: string): string {
  if (!/^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(text))
    throw new ArgumentFault(`"${text}" is not a digest`, 'write the 32 digits of MD5 or the 64 of SHA-256');
  return text.toLowerCase();
}

/** @param on whether the check speaks TLS at all */
function tlsOf(args: Parameters, on: boolean, scope: Scope): CheckTlsModel | undefined {
  const { sni, verify = false, ca, expiry_warning: expiryWarningMs = 14 * DAY_MS } = args;
  if (!on) {
    if (verify || ca !== undefined || args.expiry_warning !== undefined)
      throw new ArgumentFault('verify, ca= and expiry_warning= need TLS', 'add tls');
    return undefined;
  }
  if (verify && sni === undefined)
    throw new ArgumentFault('verify does not know whose certificate it is', 'add sni=NAME');
  if (ca !== undefined && !verify) throw new ArgumentFault('ca= goes with verify only');
  return {
    serverName: sni,
    verify,
    authorities: ca === undefined ? undefined : scope.readFile(ca),
    expiryWarningMs,
  };
}

/** `hex:0a0b` is the bytes; all else is itself. */
function bytesOf(text: string): string {
  if (!text.startsWith('hex:')) return text;
  const digits = text.slice(4);
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits))
    throw new ArgumentFault(`"${text}" is not hexadecimal`, 'write two digits a byte: send=hex:0a0b');
  return Buffer.from(digits, 'hex').latin1Slice();
}

const isDomainName = (text: string): boolean =>
  text === '.' || (text.length <= 253 && /^(?:[^.\s]{1,63}\.)*[^.\s]{1,63}\.?$/.test(text));

function singleLine(what: string, text: string): string {
  if (/[\s\x00]/.test(text)) throw new ArgumentFault(`${what}= has blanks in it`);
  return text;
}

function noZero(what: string, text: string): string {
  if (text === '' || text.includes('\0')) throw new ArgumentFault(`${what}= is empty or has a zero in it`);
  return text;
}
