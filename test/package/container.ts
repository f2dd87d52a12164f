/** A Debian of its own under systemd-nspawn, for tests of the package: its systemd boots, its root is thrown away. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { until } from '../lab/lab.ts';

/** What the package wants, and what the test asks with. */
const INCLUDED =
  'systemd,systemd-sysv,dbus,curl,logrotate,adduser,libbpf1,libatomic1,libcrypt1,libstdc++6,ca-certificates,iproute2,procps';
const CAPABILITIES =
  'CAP_NET_ADMIN,CAP_NET_RAW,CAP_BPF,CAP_PERFMON,CAP_SYS_NICE,CAP_IPC_LOCK,CAP_SYS_RESOURCE';

function must(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${stderr}`);
}

export class Container implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'moat-container-'));
  readonly #root = join(this.#dir, 'root');
  readonly #boot: ChildProcess;

  /**
   * @param base a debootstrap that is kept between runs; made when it is not there, which takes minutes
   * @param more packages that it has beside what all need
   */
  constructor(base: string, more: readonly string[] = []) {
    const included = [INCLUDED, ...more].join();
    if (!existsSync(join(base, 'usr')))
      must('debootstrap', '--variant=minbase', `--include=${included}`, 'bookworm', base);
    for (const name of ['root', 'upper', 'work']) mkdirSync(join(this.#dir, name));
    const layers = `lowerdir=${base},upperdir=${this.#dir}/upper,workdir=${this.#dir}/work`;
    must('mount', '-t', 'overlay', 'overlay', '-o', layers, this.#root);
    const words = [
      '-q',
      '--register=no',
      '--keep-unit',
      '--private-network',
      '-D',
      this.#root,
      '-M',
      'moattest',
    ];
    words.push(
      `--capability=${CAPABILITIES}`,
      '--system-call-filter=bpf perf_event_open',
      '--console=pipe',
      '-b',
    );
    this.#boot = spawn('systemd-nspawn', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  get #leader(): number {
    const { pid } = this.#boot;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    return Number(children[0]);
  }

  /** Runs a line of shell inside. */
  run(line: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const inside = ['-t', String(this.#leader), '-m', '-u', '-i', '-n', '-p', '-C', '--', 'env', '-i'];
    const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8'];
    return spawnSync('nsenter', [...inside, ...env, 'sh', '-c', line], { encoding: 'utf8' });
  }

  /** The same, and it must succeed. @returns what it printed */
  do(line: string): string {
    const { status, stdout, stderr } = this.run(line);
    assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
    return stdout;
  }

  async booted(): Promise<void> {
    const isUp = () => {
      try {
        return /running|degraded/.test(this.run('systemctl is-system-running').stdout);
      } catch {
        return false; // there is no process yet
      }
    };
    await until(isUp, 'systemd to have booted', 120_000);
  }

  /** Writes a file inside. */
  put(path: string, text: string): void {
    writeFileSync(join(this.#root, path), text);
  }

  /** @returns its name inside */
  bring(file: string): string {
    cpSync(file, join(this.#root, 'root', basename(file)));
    return `/root/${basename(file)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#boot.kill('SIGKILL');
    await until(() => this.#boot.exitCode !== null || this.#boot.signalCode !== null, 'the container to end');
    await until(() => spawnSync('umount', [this.#root]).status === 0, 'its root to be free');
    rmSync(this.#dir, { recursive: true });
  }
}
