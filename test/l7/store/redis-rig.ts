/** Real Redis servers, Sentinels and clusters for tests: processes of their own on ports of their own, that end with the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, until } from '../../e2e/rig.ts';

const SERVER = '/usr/bin/redis-server';
const CLI = '/usr/bin/redis-cli';
export const skip = existsSync(SERVER) && existsSync(CLI) ? false : 'redis-server is not installed';

export interface Redis extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** What redis-cli prints. */
  ask(...words: readonly string[]): string;
  signal(name: NodeJS.Signals): void;
  /** Starts it anew after a death, with the same words. */
  again(): Promise<void>;
}

export interface RedisOptions {
  /** The port is for TLS, and there is none without. */
  readonly tls?: boolean;
  readonly port?: number;
  /** Of the command line, behind what every one has. */
  readonly words?: readonly string[];
  /** Of redis-cli: a password, TLS. */
  readonly cli?: readonly string[];
}

/** A server, without anything on the disk. */
export async function startRedis({
  port,
  words = [],
  cli = [],
  tls = false,
}: RedisOptions = {}): Promise<Redis> {
  const own = port ?? (await freePorts(1))[0]!;
  return start(own, cli, dir => [
    ...(tls ? ['--port', '0', '--tls-port', `${own}`] : ['--port', `${own}`]),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    dir,
    ...words,
  ]);
}

/** Sentinels that watch one master, which they call `shop`. They move after a second and a half of silence. */
export async function startSentinels(masterPort: number, count: number): Promise<Redis[]> {
  const ports = await freePorts(count);
  return Promise.all(ports.map(port => start(port, [], dir => sentinelWords(port, dir, masterPort))));
}

function sentinelWords(port: number, dir: string, masterPort: number): string[] {
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `monitor shop 127.0.0.1 ${masterPort} 2`,
    'down-after-milliseconds shop 1500',
    'failover-timeout shop 6000',
  ];
  writeFileSync(file, lines.map(line => `sentinel ${line}\n`).join(''));
  return [file, '--port', `${port}`, '--bind', '127.0.0.1', '--sentinel'];
}

/** Three masters that share the slots, each with a replica. */
export async function startCluster(): Promise<Redis[]> {
  const ports = await freePorts(12);
  const nodes = await Promise.all(
    ports.slice(6).map((port, at) => startRedis({ port, words: clusterWords(ports[at]!) })),
  );
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`);
  nodes[0]!.ask('--cluster', 'create', ...hosts, '--cluster-replicas', '1', '--cluster-yes');
  const isWhole = ({ ask }: Redis) => ask('CLUSTER', 'INFO').includes('cluster_state:ok');
  // A replica without its master's data is never chosen in its place.
  const hasData = ({ ask }: Redis) => ask('INFO', 'replication').includes('master_link_status:up');
  const areReady = () => nodes.every(isWhole) && nodes.filter(hasData).length === 3;
  await until(areReady, 'the cluster to be whole', 120_000);
  return nodes;
}

const clusterWords = (busPort: number): string[] => [
  ...['--repl-diskless-sync-delay', '0'],
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', `${busPort}`],
];

async function start(
  port: number,
  cli: readonly string[],
  wordsIn: (dir: string) => readonly string[],
): Promise<Redis> {
  const dir = mkdtempSync(join(tmpdir(), 'redis-rig-'));
  const words = wordsIn(dir);
  let child = run(words);
  const ask = (...asked: readonly string[]) =>
    spawnSync(CLI, ['-p', `${port}`, ...cli, ...asked], { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  const isUp = () => until(() => /PONG|NOAUTH|NOPERM/.test(ask('PING')), 'redis to answer', 60_000);
  await isUp();
  return {
    port,
    get pid() {
      return child.pid!;
    },
    ask,
    signal: name => void child.kill(name),
    async again() {
      await ended(child);
      child = run(words);
      await isUp();
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const run = (words: readonly string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', SERVER, ...words], { stdio: 'ignore' });

const ended = (child: ChildProcess): Promise<void> =>
  new Promise(done => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', () => done());
  });
