/** Runs regression tests of rules against a running moat, over raw sockets: its log says which rules matched. */
import { connect } from 'node:net';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import type { CrsTest, StageOutput } from './format.ts';
import { buildRequest } from './request.ts';

export interface LiveSite extends AsyncDisposable {
  readonly port: number;
  readonly moat: Running;
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

/** @param setup rules that come first: the settings that the tests assume */
export async function startSite(setup: string, rules: string): Promise<LiveSite> {
  const [port = 0] = await freePorts(1);
  const upstream: Upstream = await startUpstream(({ method, target, body }) => answer(method, target, body));
  const settings = `waf detect; waf_rules setup.conf ${rules}; waf_response on; waf_events off; error_log error.log warn;`;
  const lenient =
    'underscores_in_headers on; ignore_invalid_headers off; large_client_header_buffers 8 64k; client_max_body_size 0;';
  const moat = await startMoat(
    httpConf(
      `${settings} ${lenient} server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`,
    ),
    { files: { 'setup.conf': setup }, patienceMs: 120_000 },
  );
  return {
    port,
    moat,
    async [Symbol.asyncDispose]() {
      await moat[Symbol.asyncDispose]();
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
  await until(() => (log = site.moat.read('error.log').slice(from)).includes(mark), `${mark} in the log`);
  const lines = log.split('\n');
  return lines
    .slice(
      0,
      lines.findIndex(line => line.includes(mark)),
    )
    .join('\n');
}

/** @returns what was not as expected; undefined when all was */
export async function runLive(test: CrsTest, site: LiveSite): Promise<string | undefined> {
  for (const { input, output } of test.stages) {
    const from = site.moat.read('error.log').length;
    const status = await send(site.port, buildRequest(input).wire);
    const wrong = compare(output, await logSince(site, from), status);
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
