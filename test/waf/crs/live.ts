/** Runs regression tests of rules against a running moat, over raw sockets: its log says which rules matched. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, httpConf, type Program, type Running, start, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import type { CrsTest, StageOutput } from './format.ts';
import { buildRequest } from './request.ts';

export interface LiveSite extends AsyncDisposable {
  readonly port: number;
  readonly program: Running;
}

/** The server of the tests: `POST /reflect` answers what its JSON says, all else is a plain 200. */
function answer(method: string, target: string, body: string): string {
  if (method !== 'POST' || !target.startsWith('/reflect'))
    return response(200, 'Hello', ['Content-Type: text/plain']);
  const wanted: { status?: number; headers?: Record<string, string>; body?: string; encodedBody?: string } =
    JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  const text = wanted.encodedBody
    ? Buffer.from(wanted.encodedBody, 'base64')
    : Buffer.from(wanted.body ?? '', 'utf8');
  const headers = Object.entries(wanted.headers ?? { 'Content-Type': 'text/plain' });
  return response(
    wanted.status ?? 200,
    text.toString('latin1'),
    headers.filter(([name]) => !/^content-length$/i.test(name)).map(([name, value]) => `${name}: ${value}`),
  );
}

/** Requests that a strict server would refuse reach the rules. */
const LENIENT =
  'underscores_in_headers on; ignore_invalid_headers off; large_client_header_buffers 8 64k; client_max_body_size 0;';

/** @param setup rules that come first: the settings that the tests assume */
export const startSite = (setup: string, rules: string): Promise<LiveSite> =>
  siteOf(
    'moat',
    `waf detect; waf_rules setup.conf ${rules}; waf_response on; waf_events off; error_log error.log warn;`,
    { 'setup.conf': setup },
  );

/** The same in Debian's nginx with ModSecurity. @param rules texts of rules, `Include` and all */
export async function startNginxSite(rules: string): Promise<LiveSite> {
  const folder = mkdtempSync(join(tmpdir(), 'modsecurity-')); // its paths are not below nginx's prefix
  const file = join(folder, 'rules.conf');
  writeFileSync(file, rules);
  try {
    return await siteOf(
      'nginx',
      `modsecurity on; modsecurity_rules_file ${file}; error_log error.log info;`,
      {},
      `load_module ${MODSECURITY_MODULE};`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const MODSECURITY_MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so';

async function siteOf(
  name: Program,
  settings: string,
  files: Readonly<Record<string, string>>,
  main = '',
): Promise<LiveSite> {
  const [port = 0] = await freePorts(1);
  const upstream = await startUpstream(({ method, target, body }) => answer(method, target, body));
  const place = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`;
  const conf = httpConf(`${settings} ${LENIENT} ${place}`, main);
  const program = await start(name, conf, { files, patienceMs: 120_000 }).catch(async (error: unknown) => {
    await upstream[Symbol.asyncDispose]();
    throw error;
  });
  return {
    port,
    program,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Sends bytes as they are. @returns the status of the first answer; 0 when the connection ends without one */
function send(port: number, bytes: string): Promise<number> {
  return new Promise(done => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const finish = () => {
      socket.destroy();
      done(Number(/^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1] ?? 0));
    };
    socket.setEncoding('latin1').setTimeout(2000, finish);
    socket.on('data', chunk => {
      received += chunk;
      if (received.includes('\r\n')) setTimeout(finish, 5);
    });
    socket.on('end', finish).on('error', finish);
  });
}

let marks = 0;

/** What the log says of what was sent since `from`; a marked request shows where that ends. */
async function logSince(site: LiveSite, from: number): Promise<string> {
  const mark = `mark-${++marks}-end`;
  await send(site.port, `GET / HTTP/1.1\r\nHost: a\r\nX-Mark: ${mark}\r\nConnection: close\r\n\r\n`);
  let log = '';
  await until(() => (log = site.program.read().slice(from)).includes(mark), `${mark} in the log`);
  const lines = log.split('\n');
  return lines
    .slice(
      0,
      lines.findIndex(line => line.includes(mark)),
    )
    .join('\n');
}

export interface Seen {
  readonly status: number;
  /** Ids of the rules that matched and are logged. */
  readonly ids: ReadonlySet<number>;
  /** What the log says of it. */
  readonly log: string;
}

/** Sends a request as it is, and tells what rules said of it. */
export async function see(site: LiveSite, wire: string): Promise<Seen> {
  const from = site.program.read().length;
  const status = await send(site.port, wire);
  const log = await logSince(site, from);
  const ids = new Set([...log.matchAll(/\[id "(\d+)"\]/g)].map(([, id]) => Number(id)));
  return { status, ids, log };
}

/** @returns what was not as expected; undefined when all was */
export async function runLive(test: CrsTest, site: LiveSite): Promise<string | undefined> {
  for (const { input, output } of test.stages) {
    const { log, status } = await see(site, buildRequest(input).wire);
    const wrong = compare(output, log, status);
    if (wrong) return wrong;
  }
  return undefined;
}

function compare(output: StageOutput, log: string, status: number): string | undefined {
  const has = (id: number) => log.includes(`[id "${id}"]`);
  for (const id of output.expectIds) if (!has(id)) return `${id} did not match (status ${status})`;
  for (const id of output.noExpectIds) if (has(id)) return `${id} matched`;
  for (const pattern of output.matches)
    if (!new RegExp(pattern).test(log)) return `no ${pattern} in the log (status ${status})`;
  for (const pattern of output.noMatches)
    if (new RegExp(pattern).test(log)) return `${pattern} is in the log`;
  const checksLog =
    output.expectIds.length + output.noExpectIds.length + output.matches.length + output.noMatches.length > 0;
  if (output.statuses.length > 0 && !checksLog && !output.expectError && !output.statuses.includes(status))
    return `status ${status} instead of ${output.statuses.join(' or ')}`;
  return undefined;
}
