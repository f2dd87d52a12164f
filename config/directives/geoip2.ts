/** `geoip2`: variables from a database in MaxMind's format, as nginx's module of that name has them. */
import { Mmdb, MmdbFault } from '#kit/mmdb.ts';
import type { GeoWanted } from '#model/l7/geoip.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Token } from '../lex.ts';
import { readNetwork } from '../network.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { type Row, readRows } from '../row.ts';
import type { Scope } from '../scope.ts';
import { newVariableName } from '../variable-name.ts';

const METADATA: Readonly<Record<string, GeoWanted>> = {
  build_epoch: { kind: 'built' },
  last_check: { kind: 'read' },
  last_change: { kind: 'read' },
};

const geoip2 = defineBlock({
  name: 'geoip2',
  context: ['http'],
  args: { file: arg.token('a file in the format of MaxMind (.mmdb)') },
  block: 'rows',
  repeats: true,
  doc: {
    summary:
      'Makes variables of what a database knows of an address: country, city, network. The file is read with the configuration: reload when a new one has come. Each line has the variable, `default=`, `source=` (a variable that holds the address, instead of the client), and the names that lead to the value; numbers count entries of lists. `mmdblookup --file FILE --ip ADDRESS` shows what there is.',
    args: { file: 'As GeoLite2-Country.mmdb, GeoLite2-ASN.mmdb or DB-IP have it.' },
    example: 'geoip2 /var/lib/GeoIP/GeoLite2-Country.mmdb { $country default=-- country iso_code; }',
    since: '0.1',
  },
  compile({ file }, scope, body) {
    const database = openDatabase(file, scope);
    readRows(body, scope, 'geoip2', row => defineRow(row, database, scope));
  },
});

/** @returns its absolute path */
function openDatabase(file: Token, scope: Scope): string {
  const path = scope.confPath(file.text);
  const { geoDatabases } = scope.http;
  if (geoDatabases.has(path)) return path;
  const bytes = Buffer.from(scope.readFile(path), 'latin1');
  try {
    new Mmdb(bytes);
  } catch (fault) {
    if (!(fault instanceof MmdbFault)) throw fault;
    throw new ArgumentFault(`cannot read ${path}: ${fault.message}`, undefined, file);
  }
  geoDatabases.set(path, { path, bytes, readS: Math.floor(Date.now() / 1000) });
  return path;
}

function defineRow({ key, values }: Row, database: string, scope: Scope): void {
  if (key.text === 'auto_reload') {
    scope.faults.warn(
      'no-effect',
      'auto_reload: the file is read with the configuration',
      key,
      'reload when a new one has come',
    );
    return;
  }
  const name = newVariableName(key);
  const { options, path } = splitOptions(values);
  const source = options.get('source');
  scope.define({
    kind: 'geoip',
    name,
    database,
    source: source && scope.template(source.text, source),
    wanted: wantedOf(path, key),
    fallback: options.get('default')?.text ?? '',
  });
}

interface Words {
  readonly options: ReadonlyMap<string, Token>;
  readonly path: readonly string[];
}

/** Options stand before the path, whose names may hold `=` as well as any other sign. */
function splitOptions(values: readonly Token[]): Words {
  const options = new Map<string, Token>();
  let at = 0;
  for (; at < values.length; at++) {
    const token = values[at]!;
    const [, name, text] = /^(default|source)=(.*)$/s.exec(token.text) ?? [];
    if (name === undefined) break;
    options.set(name, { ...token, text: text! });
  }
  return { options, path: values.slice(at).map(({ text }) => text) };
}

function wantedOf(path: readonly string[], key: Token): GeoWanted {
  if (path.length === 0)
    throw new ArgumentFault(
      `"${key.text}" needs the names that lead to its value`,
      'as in "$country country iso_code"',
      key,
    );
  if (path[0] !== 'metadata') return { kind: 'value', path };
  const wanted = METADATA[path[1] ?? ''];
  if (wanted && path.length === 2) return wanted;
  throw new ArgumentFault(
    `a database has no metadata "${path.slice(1).join(' ')}"`,
    `take ${Object.keys(METADATA).join(', ')}`,
    key,
  );
}

const proxy = defineDirective({
  name: 'geoip2_proxy',
  context: ['http'],
  repeats: true,
  args: { network: arg.token('an address or a network') },
  doc: {
    summary: 'Proxies whose X-Forwarded-For tells geoip2 who the client is.',
    example: 'geoip2_proxy 10.0.0.0/8;',
    since: '0.1',
  },
  compile({ network }, scope) {
    const { networks, recursive } = scope.http.geoProxies;
    scope.http.geoProxies = { networks: [...networks, readNetwork(network, scope)], recursive };
  },
});

const proxyRecursive = defineDirective({
  name: 'geoip2_proxy_recursive',
  context: ['http'],
  args: { on: arg.flag() },
  doc: {
    summary: 'Whether the last address of X-Forwarded-For that is no trusted proxy is taken.',
    default: 'geoip2_proxy_recursive off;',
    example: 'geoip2_proxy_recursive on;',
    since: '0.1',
  },
  compile({ on }, scope) {
    scope.http.geoProxies = { ...scope.http.geoProxies, recursive: on };
  },
});

export const GEOIP2: readonly Directive[] = [geoip2, proxy, proxyRecursive];
