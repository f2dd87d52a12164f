/** Starts one program on an example site, with ports of its own and the servers of the test behind it. */
import { execFileSync } from 'node:child_process';
import { cpSync, lutimesSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Site } from './cases/case.ts';
import { freePorts, type Program, type Running, start } from './rig.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** The age of every file, so that ETag and Last-Modified are the same on both sides: 2024-05-05 10:20:30 UTC. */
const MTIME = new Date('2024-05-05T10:20:30Z');

export type Backends = AsyncDisposable & {
  readonly ports: ReadonlyMap<number, number>;
  stop(port: number): Promise<void>;
};
export type Started = AsyncDisposable & {
  readonly running: Running;
  readonly ports: ReadonlyMap<number, number>;
};

/** The folder of an example, copied to a place of its own with fixed times; certificates are made if it has a script. */
export function copySite(folder: string): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'site-'));
  cpSync(resolve(import.meta.dirname, '../../examples', folder), dir, { recursive: true });
  if (readdirSync(dir).includes('certificates.sh')) {
    execFileSync(join(dir, 'certificates.sh'), [join(dir, 'certs')], { stdio: 'ignore' });
  }
  for (const path of readdirSync(dir, { recursive: true }))
    lutimesSync(join(dir, String(path)), MTIME, MTIME);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Starts the servers of a site; one that is null gets a port that nobody listens on. */
export async function startBackends(site: Site): Promise<Backends> {
  const ports = new Map<number, number>();
  const open = new Map<number, Upstream>();
  for (const [port, answer] of Object.entries(site.servers)) {
    const [free = 0] = await freePorts(1);
    ports.set(Number(port), free);
    if (answer) open.set(Number(port), await startUpstream(answer, free));
  }
  const stop = async (port: number) => open.get(port)?.stop();
  return {
    ports,
    stop,
    async [Symbol.asyncDispose]() {
      for (const port of open.keys()) await stop(port);
    },
  };
}

/** Starts `program` on the site in `dir`: every port of its configuration becomes a free one. */
export async function startSite(
  program: Program,
  site: Site,
  dir: string,
  backends: Backends,
): Promise<Started> {
  const own = await freePorts(site.listeners.length);
  const ports = new Map(site.listeners.map((port, at) => [port, own[at]!]));
  const text = readFileSync(join(dir, 'nginx.conf'), 'latin1')
    .replace(/(\blisten\s+)(\d+)\b/g, (_, word, port) => `${word}127.0.0.1:${ports.get(Number(port))}`)
    .replace(
      /(\bserver\s+127\.0\.0\.1:)(\d+)\b/g,
      (_, word, port) => `${word}${backends.ports.get(Number(port))}`,
    );
  const running = await start(program, text, { copy: dir });
  return { running, ports, [Symbol.asyncDispose]: () => running.stop() };
}
