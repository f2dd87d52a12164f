/** `map`: a variable whose value is looked up by another. */

import type { UserVariable } from '#model/l7/variable.ts';
import type { Template } from '#model/template.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { HostnameKeys } from '../hostname-keys.ts';
import type { Token } from '../lex.ts';
import { type Body, defineBlock, defineDirective } from '../registry.ts';
import { onlyValue, type Row, readRows } from '../row.ts';
import type { Scope } from '../scope.ts';
import { newVariableName } from '../variable-name.ts';

type MapVariable = Extract<UserVariable, { kind: 'map' }>;

const map = defineBlock({
  name: 'map',
  context: ['http'],
  args: { source: arg.template(), variable: arg.token('$name') },
  block: 'rows',
  repeats: true,
  doc: {
    summary: 'Makes a variable whose value depends on a text.',
    args: {
      source:
        'What is looked up, in any case: as it is, with `hostnames` as a host name, then by patterns in order.',
      variable:
        'The variable that is made. It is worked out when it is first used, and with `volatile` each time.',
    },
    example: 'map $http_host $tenant { hostnames; default none; *.a.example a; ~^(?<t>\\w+)\\. $t; }',
    since: '0.1',
  },
  compile({ source, variable }, scope, body) {
    scope.define({
      kind: 'map',
      name: newVariableName(variable),
      source,
      ...new MapRows(body, scope).read(),
    });
  },
});

/** Collects the rows of one map. */
class MapRows {
  readonly #body: Body;
  readonly #scope: Scope;
  readonly #keys = new HostnameKeys<Template>();
  readonly #patterns: MapVariable['patterns'][number][] = [];
  #fallback: Template | undefined;
  #hostnames = false;
  #volatile = false;

  constructor(body: Body, scope: Scope) {
    this.#body = body;
    this.#scope = scope;
  }

  read(): Omit<MapVariable, 'kind' | 'name' | 'source'> {
    readRows(this.#body, this.#scope, 'map', row => this.#add(row));
    return {
      keys: this.#keys.table,
      patterns: this.#patterns,
      fallback: this.#fallback ?? '',
      hostnames: this.#hostnames,
      volatile: this.#volatile,
    };
  }

  #add(row: Row): void {
    if (row.values.length === 0 && row.key.text === 'hostnames') this.#hostnames = true;
    else if (row.values.length === 0 && row.key.text === 'volatile') this.#volatile = true;
    else this.#addValue(row.key, onlyValue(row));
  }

  #addValue(key: Token, token: Token): void {
    const value = this.#scope.template(token.text, token);
    if (key.text === 'default') {
      if (this.#fallback !== undefined)
        throw new ArgumentFault('a second "default"', 'keep one of the two', key);
      this.#fallback = value;
    } else if (key.text.startsWith('~')) this.#addPattern(key, value);
    else this.#addKey(key, key.text.replace(/^\\/, ''), value);
  }

  #addPattern(key: Token, value: Template): void {
    const ignoreCase = key.text.startsWith('~*');
    const pattern = this.#scope.pattern(key.text.slice(ignoreCase ? 2 : 1), ignoreCase, key);
    this.#patterns.push({ pattern, value });
  }

  #addKey(key: Token, text: string, value: Template): void {
    if (!this.#hostnames) {
      if (!this.#keys.addExact(text, value)) throw conflict(key);
      return;
    }
    const wrong = this.#keys.add(text, value);
    if (wrong === 'conflict') throw conflict(key);
    if (wrong === 'invalid')
      throw new ArgumentFault(
        `invalid hostname or wildcard "${text}"`,
        'an asterisk stands only at the start or the end, beside a dot',
        key,
      );
  }
}

const conflict = (key: Token) =>
  new ArgumentFault(`"${key.text}" stands there already`, 'keys compare in any case', key);

/** Sizes of nginx's own tables. */
const hashSizes = ['map_hash_max_size', 'map_hash_bucket_size'].map(name =>
  defineDirective({
    name,
    context: ['http'],
    args: { size: arg.integer() },
    doc: {
      summary: "Accepted for nginx configurations; moat's tables need no size.",
      example: `${name} 2048;`,
      since: '0.1',
    },
    compile() {},
  }),
);

export const MAP = [map, ...hashSizes];
