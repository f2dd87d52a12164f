/** A box for a test: `moat demo` as root, driven by lines as a person drives it by keys. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { leftOf } from '../../../control/box/claim.ts';
import { boxMissing } from '../../../control/box/missing.ts';
import { until } from '../../../control/box/net/host.ts';
import { namespaces, pidsIn } from '../../../control/box/net/namespace.ts';
import { freePorts, PROGRAMS } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';

const missing = boxMissing();
const skip = missing ? `${missing.what}: ${missing.remedy}` : false;
export const options = { skip, timeout: 600_000 };

export class Demo implements AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said = '';

  constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', text => (this.said += text));
    this.ended = new Promise(done => child.once('exit', done));
  }

  /** Waits until it stands. */
  static async start(...words: string[]): Promise<Demo> {
    const [port = 0, tlsPort = 0] = await freePorts(2);
    const all = ['demo', '--port', `${port}`, '--tls-port', `${tlsPort}`, '--rate', '100', ...words];
    const demo = new Demo(port, spawn(PROGRAMS.moat, all, { stdio: 'pipe' }));
    await demo.hears(/tiers? stands?[:,]/);
    return demo;
  }

  async hears(pattern: RegExp): Promise<string> {
    await until(() => pattern.test(this.said) || this.child.exitCode !== null, `${pattern} in\n${this.said}`);
    const [found] = pattern.exec(this.said) ?? [];
    assert.ok(found, this.said);
    return found;
  }

  /** Does what an entry of the menu says. @returns what came of it */
  async do(title: string): Promise<string> {
    const before = this.said.length;
    this.child.stdin!.write(`${title}\n`);
    const line = new RegExp(`  ${title}: .*requests failed.*`);
    await until(() => line.test(this.said.slice(before)), `what comes of "${title}" in\n${this.said}`);
    return line.exec(this.said.slice(before))![0];
  }

  /** The number of the box, which is a part of its address. */
  get number(): number {
    return Number(/http:\/\/198\.18\.(\d+)\./.exec(this.said)?.[1]);
  }

  get virtual(): string {
    return `198.18.${this.number}.100`;
  }

  get pids(): number[] {
    return namespaces()
      .filter(name => name.startsWith(`moatbox${this.number}-`))
      .flatMap(pidsIn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

/** One that has ended, and that the machine's first process has not looked at yet, runs no more. */
export const lives = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};

/** The process that has a number; undefined: none. */
function ownerOf(number: number): number | undefined {
  try {
    return Number(readFileSync(`/run/moat/box/${number}/owner`, 'latin1').split(' ')[0]);
  } catch {
    return undefined;
  }
}

/** The number that a process has taken, once it has one. */
export async function numberOf({ child }: Demo): Promise<number> {
  const all = Array.from({ length: 20 }, (_, index) => index + 1);
  let found: number | undefined;
  await until(() => {
    found = all.find(number => ownerOf(number) === child.pid);
    return found !== undefined;
  }, 'a number to be taken');
  return found!;
}

/** @param pids of what ran in it */
export async function nothingIsLeft({ child }: Demo, number: number, pids: readonly number[]): Promise<void> {
  assert.deepEqual(pids.filter(lives), []);
  // A test beside this one may have the number by now.
  const isOthers = () => ![undefined, child.pid].includes(ownerOf(number));
  await until(() => leftOf(number).length === 0 || isOthers(), `nothing to be left: ${leftOf(number)}`);
}

/** Who answers. */
export const serverAt = async (host: string, port: number): Promise<string> =>
  JSON.parse((await request({ host, port }, { path: '/round/' })).body).server;
