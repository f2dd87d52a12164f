/** How the kernel and other programs see our descriptors: independent witnesses for the tests of the addon. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** Reason to skip a test that needs ::1, or false. */
export const withoutIpv6 = Object.values(networkInterfaces())
  .flat()
  .some(at => at?.address === '::1')
  ? false
  : 'this machine has no IPv6 loopback';

/** Reason to skip a test that gives root away, or false. */
export const withoutRoot = process.getuid?.() === 0 ? false : 'needs root';

/** What /proc says of an open descriptor. */
export function flagsOf(fd: number): { nonBlocking: boolean; closeOnExec: boolean } {
  const flags = Number.parseInt(
    /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))![1]!,
    8,
  );
  return { nonBlocking: (flags & O_NONBLOCK) !== 0, closeOnExec: (flags & O_CLOEXEC) !== 0 };
}

/** The descriptors this process has open now. */
export function openFds(): Set<string> {
  const listing = readdirSync('/proc/self/fd');
  return new Set(listing.filter(fd => existsNow(fd)));
}

/** readdir() lists its own descriptor, which is gone when the listing is there. */
function existsNow(fd: string): boolean {
  try {
    readFileSync(`/proc/self/fdinfo/${fd}`);
    return true;
  } catch {
    return false;
  }
}

/** Reads an integer socket option with perl, which every Debian has, through a copy inherited as descriptor 3. */
export function socketOption(fd: number, level: number, name: number): number {
  const script = `open(my $s, "+<&=", 3) or die $!; print unpack("i", getsockopt($s, ${level}, ${name}) // die $!)`;
  const { stdout, stderr } = spawnSync('perl', ['-e', script], {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    encoding: 'latin1',
  });
  if (stdout === '') throw new Error(`perl: ${stderr}`);
  return Number(stdout);
}

/**
 * Runs a module in a process of its own; it finds `socket`, `identity` and `crypt` of native/ and answers by
 * `answer(value)`.
 *
 * @param inherited becomes descriptor 3
 * @returns what it answered, through JSON
 */
export async function inChild(code: string, inherited?: number): Promise<unknown> {
  const prelude = ['socket', 'identity', 'crypt']
    .map(face => `import * as ${face} from ${JSON.stringify(join(ROOT, `native/${face}.ts`))};\n`)
    .join('');
  const answer = 'const answer = value => console.log(JSON.stringify(value));\n';
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + answer + code], {
    stdio: ['ignore', 'pipe', 'pipe', inherited ?? 'ignore'],
  });
  const [stdout, stderr] = [child.stdout!, child.stderr!].map(pipe => pipe.setEncoding('latin1').toArray());
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`child ended with ${status}: ${(await stderr!).join('')}`);
  return JSON.parse((await stdout!).join(''));
}
