/** Load on a proxy: wrk for plain requests, a client of our own where the handshake is what counts. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Children } from './children.ts';

/** What a load saw. Latencies are of whole requests; errors of any kind make the row invalid. */
export type Load = {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
};

export type Ask = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Lua that defines `request`, where the requests are not all the same. */
  readonly lua?: string;
  /** Whether each answer has to be a refusal (a status of 400 or above); otherwise none may be. */
  readonly isRefused?: boolean;
};

const report = (isRefused: boolean): string => `
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nLOAD {"requests":%d,"seconds":%f,"bytes":%d,"errors":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, e.connect + e.read + e.write + e.timeout + ${isRefused ? 'math.abs(summary.requests - e.status)' : 'e.status'},
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`;

/** Runs wrk with one thread. @param directory a place for its script */
export async function wrk(children: Children, cores: string, directory: string, ask: Ask): Promise<Load> {
  const script = join(directory, 'wrk.lua');
  writeFileSync(script, (ask.lua ?? '') + report(ask.isRefused ?? false));
  const headers = Object.entries(ask.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const argv = [
    'wrk',
    '-t1',
    `-c${ask.connections}`,
    `-d${ask.seconds}s`,
    '--timeout',
    '5s',
    '-s',
    script,
    ...headers,
    ask.url,
  ];
  return loadIn(await children.run(argv, { cores }));
}

/** New TLS connections, each with one request; those that are not resumed as `mode` says count as errors. */
export async function handshakes(
  children: Children,
  cores: string,
  port: number,
  mode: 'full' | 'resumed',
  seconds: number,
): Promise<Load> {
  const argv = [
    process.execPath,
    resolve(import.meta.dirname, 'handshake-client.ts'),
    String(port),
    mode,
    String(seconds),
  ];
  return loadIn(await children.run(argv, { cores }));
}

function loadIn(output: string): Load {
  const text = /^LOAD (.*)$/m.exec(output)?.[1];
  if (text === undefined) throw new Error(`The load told no result: ${output}`);
  return JSON.parse(text);
}
