/** The HTTP API of the control plane: off, unless there is a block for it. */
import { ArgumentFault, arg } from '../argument.ts';
import { newApi } from '../draft-api.ts';
import { readRealAddress } from '../l4-address.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { ALERTS } from './alert.ts';
import { OIDC } from './oidc.ts';

const MOST_LISTENS = 8;
const MOST_HOSTS = 64;
const LEAST_AUDIT_BYTES = 64 << 10;
const MOST_AUDIT_BYTES = 1 << 30;

const api = defineBlock({
  name: 'api',
  context: ['main'],
  args: {},
  block: 'api',
  doc: {
    summary:
      'Answers over HTTP what the command line shows, and takes its orders: see docs/reference/api.md. A process of its own serves it, without root. Who asks needs a token, which moat token create makes. Without this block there is no API.',
    default: 'there is none',
    example: 'api { listen 127.0.0.1:8470; }',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = newApi(line.name);
    scope.around.main.api = draft;
    body.open(scope.child('api', { api: draft }));
  },
});

const listen = defineDirective({
  name: 'listen',
  context: ['api'],
  repeats: true,
  args: { address: arg.token('ADDRESS:PORT or [IPV6]:PORT') },
  doc: {
    summary:
      'Where the API listens. Beyond loopback it wants a certificate: tokens must not go over a network in the clear.',
    default: 'listen 127.0.0.1:8470;',
    example: 'listen 127.0.0.1:8470;',
    since: '0.1',
  },
  compile({ address: token }, scope) {
    const { address, port } = readRealAddress(token);
    const { listens } = scope.api;
    if (port === 0) throw new ArgumentFault(`"${token.text}" has no port`, 'write ADDRESS:PORT');
    if (listens.some(one => one.address === address && one.port === port))
      throw new ArgumentFault(`"${token.text}" stands here twice`, 'take one out');
    if (listens.length === MOST_LISTENS)
      throw new ArgumentFault(`there are ${MOST_LISTENS} addresses already`);
    listens.push({ address, port, place: token });
  },
});

const certificate = defineDirective({
  name: 'ssl_certificate',
  context: ['api'],
  args: { file: arg.token('a PEM file') },
  doc: {
    summary:
      'The certificate of the API, followed by those that lead to its root. All its addresses speak TLS then.',
    default: 'no TLS',
    example: 'ssl_certificate api.pem;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.api.certificate = file;
  },
});

const key = defineDirective({
  name: 'ssl_certificate_key',
  context: ['api'],
  args: { file: arg.token('a PEM file') },
  doc: {
    summary: 'The private key of the certificate, not encrypted.',
    example: 'ssl_certificate_key api.key;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.api.key = file;
  },
});

const host = defineDirective({
  name: 'host',
  context: ['api'],
  args: { names: arg.token('a name').rest() },
  doc: {
    summary:
      'Names by which clients may reach the API. Requests for other names are refused, so that no page in a browser gets here by a name of its own that it lets point to this node.',
    args: { names: 'As in the Host field, without a port. IP addresses and localhost need no line.' },
    default: 'IP addresses and localhost',
    example: 'host lb1.example.org;',
    since: '0.1',
  },
  compile({ names }, scope) {
    for (const name of names) {
      if (!/^[a-z\d]([a-z\d.-]{0,251}[a-z\d])?$/i.test(name.text))
        throw new ArgumentFault(`"${name.text}" is no host name`, 'write it without scheme and port', name);
      scope.api.hosts.push(name.text.toLowerCase());
    }
    if (scope.api.hosts.length > MOST_HOSTS) throw new ArgumentFault(`more than ${MOST_HOSTS} names`);
  },
});

const statePath = defineDirective({
  name: 'state_path',
  context: ['api'],
  args: { path: arg.text('an absolute path') },
  doc: {
    summary: 'A folder for the hashes of tokens, and for the audit log. It is made when it is missing.',
    default: 'state_path /var/lib/moat/api;',
    example: 'state_path /var/lib/edge/api;',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (!path.startsWith('/')) throw new ArgumentFault(`"${path}" is not an absolute path`);
    scope.api.own.statePath = path.replace(/(?<=.)\/+$/, '');
  },
});

const auditLimit = defineDirective({
  name: 'audit_limit',
  context: ['api'],
  args: { size: arg.size() },
  doc: {
    summary:
      'The most bytes of the audit log, which has a line for every change: who, what, before, after. A full one is kept beside the new one, until that is full, too.',
    args: { size: '64k to 1g.' },
    default: 'audit_limit 16m;',
    example: 'audit_limit 64m;',
    since: '0.1',
  },
  compile({ size }, scope) {
    if (size < LEAST_AUDIT_BYTES || size > MOST_AUDIT_BYTES)
      throw new ArgumentFault(`${size} bytes are out of range`, 'take 64k to 1g');
    scope.api.own.auditLimitBytes = size;
  },
});

const consoleOf = defineDirective({
  name: 'console',
  context: ['api'],
  args: { what: arg.text('on, off or an absolute path') },
  doc: {
    summary:
      'The console for browsers, at the same addresses as the API. Its files are read when the process of the API starts.',
    args: { what: 'on: the one that comes with moat, where it was built. A path: the files of that folder.' },
    default: 'console on;',
    example: 'console off;',
    since: '0.1',
  },
  compile({ what }, scope) {
    if (what !== 'on' && what !== 'off' && !isAbsolute(what))
      throw new ArgumentFault(`"${what}" is neither on, off nor an absolute path`);
    scope.api.own.console = what;
  },
});

const isAbsolute = (path: string): path is `/${string}` => path.startsWith('/');

export const API: readonly Directive[] = [
  ...[api, listen, certificate, key, host, statePath, auditLimit, consoleOf, ...ALERTS, ...OIDC],
];
