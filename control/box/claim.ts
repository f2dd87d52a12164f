/** The number of a box: boxes of one machine have different ones, and what a killed box has left is removed by the next. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { parseCidr } from '#kit/cidr.ts';
import { hostLinks } from '../host/facts.ts';
import { command, SYSTEM_PATHS } from './net/command.ts';
import { startOf } from './net/life.ts';
import { killAll, namespaces, pidsIn, removeNamespace } from './net/namespace.ts';
import { frontNetwork, tagOf } from './plan.ts';

const FOLDER = '/run/moat/box';
const MOST_BOXES = 20;
const GONE_PATIENCE_MS = 10_000;
const GONE_POLL_MS = 20;

export interface Claim {
  readonly number: number;
  /** For its files; others may not write there. */
  readonly dir: string;
  /** A bpffs of its own. */
  readonly bpf: string;
  /** Gives the number back. */
  release(): void;
}

/** @throws {Error} when no number is free @returns the lowest number that is free, with nothing left of the box that had it */
export async function claim(): Promise<Claim> {
  const held: Claim[] = [];
  for (let number = 1; number <= MOST_BOXES; number++) {
    const lock = await hold(number);
    if (!lock) continue;
    const isFree = !isAlive(number);
    // All that are free are swept, whoever left them.
    if (isFree && leftOf(number).length > 0) await clean(number);
    if (isFree && held.length === 0 && !isTaken(number)) held.push(await settle(number, lock));
    else lock.close();
  }
  const [mine] = held;
  if (!mine) throw new Error(`there are ${MOST_BOXES} boxes on this machine, or its networks are in use`);
  return mine;
}

/** A name in the kernel that only one process can have, and that none has left behind; undefined: somebody has it. */
function hold(number: number): Promise<Server | undefined> {
  const server = createServer(socket => socket.destroy());
  return new Promise(resolve => {
    server.once('error', () => resolve(undefined));
    server.listen(`\0moat-box-${number}`, () => resolve(server.unref()));
  });
}

async function settle(number: number, lock: Server): Promise<Claim> {
  const dir = dirOf(number);
  const bpf = join(dir, 'bpf');
  try {
    mkdirSync(bpf, { recursive: true, mode: 0o755 });
    writeFileSync(ownerOf(number), `${process.pid} ${startOf('self')}\n`);
    command(['mount', '-t', 'bpf', 'bpf', bpf]);
  } catch (fault) {
    await clean(number);
    throw fault;
  }
  return { number, dir, bpf, release: () => lock.close() };
}

const dirOf = (number: number) => join(FOLDER, String(number));
const ownerOf = (number: number) => join(dirOf(number), 'owner');

/** The name is seen within one network namespace alone: a box that was started in another one is known by its process. */
function isAlive(number: number): boolean {
  if (!existsSync(ownerOf(number))) return false;
  const [pid, start] = readFileSync(ownerOf(number), 'latin1').trim().split(' ');
  return Number(pid) !== process.pid && startOf(Number(pid)) === start;
}

/** Whether the machine uses the box's network for something else. */
function isTaken(number: number): boolean {
  const network = parseCidr(frontNetwork(number))?.cidr;
  return hostLinks().some(({ networks }) =>
    networks.some(one => JSON.stringify(one) === JSON.stringify(network)),
  );
}

const namespacesOf = (number: number) => namespaces().filter(name => name.startsWith(`${tagOf(number)}-`));
const mountsOf = (number: number) =>
  readFileSync('/proc/mounts', 'latin1')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '')
    .filter(path => path.startsWith(`${dirOf(number)}/`));

/** What there is of a box: namespaces, processes, mounts, an interface, files; a line each. */
export function leftOf(number: number): string[] {
  const spaces = namespacesOf(number);
  return [
    ...spaces.map(name => `namespace ${name}`),
    ...spaces.flatMap(name => pidsIn(name).map(pid => `process ${pid} in ${name}`)),
    ...mountsOf(number).map(path => `bpffs ${path}`),
    ...(existsSync(`/sys/class/net/${tagOf(number)}`) ? [`interface ${tagOf(number)}`] : []),
    ...(existsSync(dirOf(number)) ? [`folder ${dirOf(number)}`] : []),
  ];
}

/** Removes all of that. @returns what could not be removed */
export async function clean(number: number): Promise<string[]> {
  const spaces = namespacesOf(number);
  const running = () => spaces.flatMap(pidsIn);
  killAll(running());
  await gone(() => running().length === 0);
  if (existsSync(`/sys/class/net/${tagOf(number)}`)) quietly('ip', 'link', 'delete', tagOf(number));
  spaces.forEach(removeNamespace);
  for (const path of mountsOf(number)) quietly('umount', '-l', path);
  // A folder that is still a mount is no folder of ours to empty.
  if (mountsOf(number).length === 0) rmSync(dirOf(number), { recursive: true, force: true });
  await gone(() => leftOf(number).length === 0);
  for (const folder of [FOLDER, '/run/moat']) dropEmpty(folder);
  return leftOf(number);
}

/** Others may have theirs in it. */
function dropEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (fault) {
    const { code = '' } = fault as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'ENOENT'].includes(code)) throw fault;
  }
}

/** What it could not do is found by the look afterwards. */
const quietly = (...words: [string, ...string[]]) =>
  void spawnSync(words[0], words.slice(1), { env: SYSTEM_PATHS });

async function gone(isGone: () => boolean): Promise<void> {
  const end = performance.now() + GONE_PATIENCE_MS;
  while (!isGone() && performance.now() < end) await new Promise(done => setTimeout(done, GONE_POLL_MS));
}
