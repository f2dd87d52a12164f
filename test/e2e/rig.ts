/**
 * Runs moat or nginx on a configuration text in a directory of its own, for tests of the whole program.
 * Beside it: `wire.ts` (a client of raw bytes), `upstream.ts` (a server that the test programs), `message.ts`.
 *
 * @example
 * const [port = 0] = await freePorts(1);
 * await using upstream = await startUpstream(() => response(200, 'hello'));
 * await using moat = await startMoat(httpConf(`server { listen 127.0.0.1:${port};
 *   location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`));
 * assert.equal((await request(port)).body, 'hello');
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Programs that take nginx's command line, by name. */
export const PROGRAMS = {
  moat: resolve(import.meta.dirname, '../../bin/moat'),
  nginx: '/usr/sbin/nginx',
} as const;
export type Program = keyof typeof PROGRAMS;

export type RigOptions = {
  /** Files below the prefix, path → bytes (latin1); they are there before the program starts. */
  files?: Readonly<Record<string, string>>;
  /** A directory whose content is copied below the prefix first, times included. */
  copy?: string;
  /** Further arguments of the command line. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** How long it may take to listen, and to end on QUIT; 30 s unless told. */
  patienceMs?: number;
};

export type Running = AsyncDisposable & {
  /** The prefix (-p): configuration, logs and files live here until `stop`. */
  readonly dir: string;
  /** The process that was started, the one of the pid file. */
  readonly pid: number;
  /** A file below the prefix as latin1, '' when absent; the error log unless named. */
  read(path?: string): string;
  /** What it wrote to stdout and stderr so far. */
  output(): string;
  /** Writes a file below the prefix. */
  write(path: string, bytes: string): void;
  signal(name: NodeJS.Signals): void;
  /** Writes a new configuration and sends HUP; wait with `until` for what it changes. */
  reload(confText: string): void;
  /** Sends QUIT, waits for the end and removes the directory. @throws if it had died, lingers, or leaves with a code */
  stop(): Promise<void>;
};

/** Wraps the inside of `http {}` into a whole configuration with a pid file below the prefix. */
export function httpConf(body: string, main = ''): string {
  return `pid rig.pid;\n${main}\nevents { worker_connections 4000; }\nhttp {\naccess_log off;\n${body}\n}\n`;
}

export const startMoat = (confText: string, options?: RigOptions) => start('moat', confText, options);
export const startNginx = (confText: string, options?: RigOptions) => start('nginx', confText, options);

/**
 * Starts a program on `confText` and waits until its pid file is there, that is until it listens.
 * The text must name its pid file (`pid rig.pid;`, relative to the prefix) and listen on ports from `freePorts`.
 *
 * @throws {Error} with its output and error log when it ends before that
 */
export async function start(program: Program, confText: string, options: RigOptions = {}): Promise<Running> {
  const { files = {}, copy, args = [], env = {}, patienceMs = 30_000 } = options;
  const dir = mkdtempSync(join(tmpdir(), `rig-${program}-`));
  if (copy) cpSync(copy, dir, { recursive: true, preserveTimestamps: true });
  chmodSync(dir, 0o755); // nginx's workers leave root and must still read it
  const write = (path: string, bytes: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes, 'latin1');
  };
  // Renamed into place: a program that reloads at this moment must not read half of it.
  const writeConf = (text: string) => {
    write('nginx.conf.new', program === 'nginx' ? withOwnTemp(text) : text);
    renameSync(join(dir, 'nginx.conf.new'), join(dir, 'nginx.conf'));
  };
  const read = (path = 'error.log') =>
    existsSync(join(dir, path)) ? readFileSync(join(dir, path), 'latin1') : '';
  for (const [path, bytes] of Object.entries(files)) write(path, bytes);
  writeConf(confText);
  const line = ['-p', `${dir}/`, '-c', 'nginx.conf', '-e', 'error.log', '-g', 'daemon off;', ...args];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', PROGRAMS[program], ...line], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, so that workers can be killed with it
  });
  const watch = watchOver(child, dir);
  const pidFile = /^\s*pid\s+([^\s;]+)\s*;/m.exec(confText)?.[1];
  if (!pidFile) throw new Error('Cannot start: the configuration names no pid file');
  await until(() => watch.ended() || read(pidFile).trim() !== '', `${program} to listen`, patienceMs).catch(
    fault => {
      watch.kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
      throw fault;
    },
  );
  if (watch.ended()) {
    const said = `${program} ended before it listened:\n${watch.output()}\n${read()}`;
    rmSync(dir, { recursive: true, force: true });
    throw new Error(said);
  }
  const stop = async () => {
    const died = watch.ended();
    child.kill('SIGQUIT');
    const inTime = await until(watch.ended, `${program} to end on QUIT`, patienceMs).then(
      () => true,
      () => false,
    );
    if (!inTime) watch.kill();
    const log = watch.output() + read();
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    if (died) throw new Error(`${program} died during the test (${watch.how()}):\n${log}`);
    if (!inTime) throw new Error(`${program} did not end on QUIT within ${patienceMs} ms:\n${log}`);
    if (child.exitCode !== 0) throw new Error(`${program} ended with ${watch.how()}:\n${log}`);
  };
  return {
    dir,
    pid: child.pid ?? 0,
    read,
    output: watch.output,
    write,
    signal: name => void child.kill(name),
    reload: text => {
      writeConf(text);
      child.kill('SIGHUP');
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Finds ports of 127.0.0.1 that nobody listens on.
 * They lie below the range that the kernel hands out to outgoing connections, so none of those takes one meanwhile.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Asks every 10 ms until the condition holds. @throws after `withinMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition to hold',
  withinMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain for ${what}`);
    await sleep(10);
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise(done => {
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

/** Gathers the output of a child and ends it when the test process ends first. */
function watchOver(child: ChildProcess, dir: string) {
  let output = '';
  let fault: Error | undefined;
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const abandon = () => {
    kill();
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  child.once('error', error => (fault = error));
  child.once('exit', () => process.removeListener('exit', abandon));
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('latin1').on('data', text => (output += text));
  return {
    kill,
    ended: () => fault !== undefined || child.exitCode !== null || child.signalCode !== null,
    how: () => (child.signalCode ? `signal ${child.signalCode}` : `exit code ${child.exitCode}`),
    output: () => (fault ? `${fault.message}\n${output}` : output),
  };
}

/** Debian's nginx keeps temporary files where only root may write; here they go below the prefix. */
function withOwnTemp(text: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].filter(
    kind => !text.includes(`${kind}_temp_path`),
  );
  return text.replace(
    /^\s*http\s*\{/m,
    opening => opening + kinds.map(kind => ` ${kind}_temp_path temp_${kind};`).join(''),
  );
}
