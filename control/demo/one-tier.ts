/** The L7 tier alone, in one process tree: moat in front of three small servers, with its status in the terminal. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askStatus } from '../status/client.ts';
import type { Sample } from '../status/sample.ts';
import { drawStatus } from '../status/table.ts';
import { CLEAR_SCREEN } from '../status/text.ts';
import { freePort, setupLink } from './setup-link.ts';
import { apiBlock, writeSite } from './site.ts';

export interface Ports {
  readonly http: number;
  readonly https: number;
  /** Of the web console; another one where it is taken. */
  readonly console: number;
}

const SERVERS = fileURLToPath(new URL('./servers.ts', import.meta.url));
const REFRESH_MS = 1000;
const START_POLL_MS = 20;

/**
 * @param moat the words that run moat
 * @returns 0 after the interrupt; 1 when moat does not start, or ends by itself
 */
export async function showOneTier(
  ports: Ports,
  moat: readonly [string, ...string[]],
  interrupt: AbortSignal,
): Promise<number> {
  const servers = fork(SERVERS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const members = await new Promise<number[] | undefined>(resolve => {
    servers.once('message', ports => resolve(ports as number[]));
    servers.once('exit', () => resolve(undefined));
  });
  if (!members) return interrupt.aborted ? 0 : 1; // Ctrl-C reached it before it could hear signals
  const dir = mkdtempSync(join(tmpdir(), 'moat-demo-'));
  writeSite(dir, {
    ...ports,
    addresses: ['127.0.0.1'],
    members: members.map(port => `127.0.0.1:${port}`),
    workers: 'auto',
    beside: apiBlock(await freePort(ports.console), dir),
  });
  try {
    return await serve(dir, ports, moat, interrupt);
  } finally {
    if (servers.connected) servers.disconnect();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function serve(
  dir: string,
  ports: Ports,
  [program, ...words]: readonly [string, ...string[]],
  interrupt: AbortSignal,
): Promise<number> {
  const moat = spawn(program, [...words, 'run', '-c', join(dir, 'moat.conf')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>(resolve => moat.once('exit', () => resolve()));
  interrupt.addEventListener('abort', () => moat.kill('SIGINT'));
  if (interrupt.aborted) moat.kill('SIGINT');
  await listening(moat, join(dir, 'moat.pid'));
  if (runs(moat)) void show(moat, dir, ports).catch(silentOnceOver(moat));
  await ended;
  if (!interrupt.aborted) process.stderr.write(lastWords(dir));
  return interrupt.aborted ? 0 : 1;
}

async function listening(moat: ChildProcess, pidPath: string): Promise<void> {
  while (runs(moat) && !existsSync(pidPath)) await sleep(START_POLL_MS);
}

/** One that was ended by a signal, as when Ctrl-C comes before it hears signals, has no exit code. */
const runs = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** In a terminal a picture that is drawn again every second, elsewhere one line. */
async function show(moat: ChildProcess, dir: string, { http, https }: Ports): Promise<void> {
  const title = `moat demo: http://localhost:${http}/ and https://localhost:${https}/   (Ctrl-C ends it)\n`;
  const link = await setupLink(join(dir, 'moat.sock'));
  const console = link ? `console, to begin with: ${link}\n` : '';
  if (!process.stdout.isTTY) return void process.stdout.write(title + console);
  const welcome = `${title}${console}configuration and logs: ${dir}\n\n`;
  let before: Sample | undefined;
  while (runs(moat)) {
    const report = await askStatus(join(dir, 'moat.sock'));
    const now = { report, atMs: performance.now() };
    process.stdout.write(CLEAR_SCREEN + welcome + drawStatus(now, before));
    before = now;
    await sleep(REFRESH_MS);
  }
}

/** While it ends it answers no more, which is no news. */
const silentOnceOver = (moat: ChildProcess) => (fault: Error) => {
  if (runs(moat) && !moat.killed) process.stderr.write(`${fault.message}\n`);
};

function lastWords(dir: string): string {
  const log = join(dir, 'error.log');
  return `moat ended\n${existsSync(log) ? readFileSync(log, 'latin1') : ''}`;
}
