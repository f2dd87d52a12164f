/** `valid_referers`: what `$invalid_referer` is judged by. */
import type { ServerName } from '#model/l7/http.ts';
import { REFERER_DEFAULTS, type RefererSettings } from '#model/l7/referer.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { HostnameKeys } from '../hostname-keys.ts';
import type { Token } from '../lex.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';

const validReferers = defineDirective({
  name: 'valid_referers',
  context: ['server', 'location'],
  repeats: true,
  args: { referers: arg.token('none, blocked, server_names, hosts or ~regex').rest(1) },
  doc: {
    summary:
      'Whose Referer leaves `$invalid_referer` empty: `none` (there is no field), `blocked` (no scheme in it), `server_names`, hosts with wildcards and a path, or patterns held against what follows the scheme.',
    example: 'valid_referers none blocked server_names *.example.org/shop ~\\.example\\.;',
    differs: '`none` and `blocked` may stand alone.',
    since: '0.1',
  },
  compile({ referers }, scope) {
    const draft = new RefererDraft(scope);
    for (const referer of referers) draft.add(referer);
    scope.set('referer', draft.settings);
    const named = referers.find(({ text }) => text === 'server_names');
    if (named) scope.server.whenRead.push(() => addServerNames(scope, named));
  },
});

/** All names of the server count, also those that stand below. */
function addServerNames(scope: Scope, named: Token): void {
  const draft = new RefererDraft(scope);
  try {
    for (const name of scope.server.names) draft.addServerName(name, named);
  } catch (error) {
    if (!(error instanceof ArgumentFault)) throw error;
    scope.faults.error('value', `valid_referers: ${error.message}`, named, error.hint);
  }
  scope.set('referer', draft.settings);
}

/** Several lines of a block add up. */
class RefererDraft {
  readonly #scope: Scope;
  readonly #own: RefererSettings;
  readonly #hosts: HostnameKeys<string>;
  readonly #hostPatterns: RefererSettings['patterns'][number][];
  readonly #patterns: RefererSettings['patterns'][number][];
  #none: boolean;
  #blocked: boolean;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#own = { ...REFERER_DEFAULTS, ...scope.own.referer };
    this.#hosts = new HostnameKeys(this.#own.hosts);
    this.#hostPatterns = [...this.#own.hostPatterns];
    this.#patterns = [...this.#own.patterns];
    this.#none = this.#own.none;
    this.#blocked = this.#own.blocked;
  }

  add(token: Token): void {
    const { text } = token;
    if (text === 'none') this.#none = true;
    else if (text === 'blocked') this.#blocked = true;
    else if (text === 'server_names') return;
    else if (text.startsWith('~')) this.#addPattern(token);
    else this.#addHost(text, token);
  }

  #addPattern(token: Token): void {
    if (token.text.length === 1) throw new ArgumentFault('no pattern follows the "~"', undefined, token);
    this.#patterns.push(this.#scope.pattern(token.text.slice(1), true, token));
  }

  addServerName(name: ServerName, token: Token): void {
    if (name.kind === 'regex') this.#hostPatterns.push(name.pattern);
    else if (name.kind === 'exact') this.#addHost(name.hostname, token);
    else if (name.kind === 'leading') this.#addHost(`*${name.suffix}`, token);
    else this.#addHost(`${name.prefix}*`, token);
  }

  #addHost(text: string, token: Token): void {
    if (text === '' && token.text === '') throw new ArgumentFault('invalid referer ""', undefined, token);
    const slash = text.indexOf('/');
    const host = slash === -1 ? text : text.slice(0, slash);
    const wrong = this.#hosts.add(host, slash === -1 ? '' : text.slice(slash));
    if (wrong === 'invalid')
      throw new ArgumentFault(`invalid hostname or wildcard "${host}"`, undefined, token);
    if (wrong === 'conflict') throw new ArgumentFault(`"${host}" stands there already`, undefined, token);
  }

  get settings(): RefererSettings {
    return {
      judged: true,
      none: this.#none,
      blocked: this.#blocked,
      hosts: this.#hosts.table,
      hostPatterns: this.#hostPatterns,
      patterns: this.#patterns,
    };
  }
}

export const REFERER = [validReferers];
