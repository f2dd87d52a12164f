/** Directives that let a request in or not: by its address, by name and password, by asking somebody. */
import { type Cidr, UNIX_CIDR } from '#kit/cidr.ts';
import { arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { readNetwork } from '../network.ts';
import { type Context, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { newVariableName } from '../variable-name.ts';

const BLOCKS: Context[] = ['http', 'server', 'location'];
const BLOCKS_AND_EXCEPT: Context[] = [...BLOCKS, 'limit_except'];

const EVERYBODY: readonly Cidr[] = [{ address: '0.0.0.0', bits: 0 }, { address: '::', bits: 0 }, UNIX_CIDR];

function addressRule(name: 'allow' | 'deny', summary: string) {
  return defineDirective({
    name,
    context: BLOCKS_AND_EXCEPT,
    repeats: true,
    args: { address: arg.token('an address, a network, unix: or all') },
    doc: { summary, example: `${name} 192.0.2.0/24;`, since: '0.1' },
    compile({ address }, scope) {
      for (const network of networksOf(address, scope))
        scope.append('access', 'addressRules', { network, allow: name === 'allow' });
    },
  });
}

function networksOf(token: Token, scope: Scope): readonly Cidr[] {
  if (token.text === 'all') return EVERYBODY;
  return token.text === 'unix:' ? [UNIX_CIDR] : [readNetwork(token, scope)];
}

const authBasic = defineDirective({
  name: 'auth_basic',
  context: BLOCKS_AND_EXCEPT,
  args: { realm: arg.template('a realm or off') },
  doc: {
    summary: 'Asks for a name and a password, that `auth_basic_user_file` holds.',
    default: 'auth_basic off;',
    example: 'auth_basic "Members only";',
    since: '0.1',
  },
  compile({ realm }, scope) {
    scope.set('access', { realm });
  },
});

const authBasicUserFile = defineDirective({
  name: 'auth_basic_user_file',
  context: BLOCKS_AND_EXCEPT,
  args: { file: arg.token('a path with variables') },
  doc: {
    summary:
      'The file of names and password hashes (`name:hash`): bcrypt, yescrypt, SHA-512 and all that crypt(3) knows, `$apr1$`, `{SHA}`, `{SSHA}`, `{PLAIN}`. A change of the file counts at once.',
    example: 'auth_basic_user_file conf/members;',
    since: '0.1',
  },
  compile({ file }, scope) {
    const { confDir } = scope.around;
    const text = file.text.startsWith('$') ? file.text : scope.confPath(file.text);
    scope.set('access', { userFile: { path: scope.template(text, file), confDir } });
  },
});

const authRequest = defineDirective({
  name: 'auth_request',
  context: BLOCKS,
  args: { uri: arg.text('a path or off') },
  doc: {
    summary:
      'Asks another location of this server whether the request may pass: its 2xx lets it in, its 401 and 403 are answered as they are.',
    default: 'auth_request off;',
    example: 'auth_request /auth;',
    since: '0.1',
  },
  compile({ uri }, scope) {
    scope.set('access', { authRequest: uri === 'off' || uri === '' ? undefined : uri });
  },
});

const authRequestSet = defineDirective({
  name: 'auth_request_set',
  context: BLOCKS,
  repeats: true,
  args: { variable: arg.token('$name'), value: arg.template() },
  doc: {
    summary: 'Gives a variable a value when the authorising request is done, out of its answer.',
    example: 'auth_request_set $user $upstream_http_x_user;',
    since: '0.1',
  },
  compile({ variable, value }, scope) {
    const name = newVariableName(variable);
    scope.declare(name);
    scope.append('access', 'authRequestVariables', { variable: name, value });
  },
});

const authDelay = defineDirective({
  name: 'auth_delay',
  context: BLOCKS,
  args: { time: arg.durationMs() },
  doc: {
    summary: 'Holds a 401 back for so long, against guessing.',
    default: 'auth_delay 0s;',
    example: 'auth_delay 1s;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.set('access', { authDelayMs: time });
  },
});

export const ACCESS = [
  addressRule(
    'allow',
    'Lets clients of an address in; of all `allow` and `deny` the first that fits decides.',
  ),
  addressRule(
    'deny',
    'Keeps clients of an address out; of all `allow` and `deny` the first that fits decides.',
  ),
  authBasic,
  authBasicUserFile,
  authRequest,
  authRequestSet,
  authDelay,
];
