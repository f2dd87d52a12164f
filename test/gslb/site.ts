/** Addresses of this test's own, the sites behind a name, and clients that are not ours: dig, kdig, unbound. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { until } from '../e2e/rig.ts';

/** 127.a.b.N is nobody else's, whatever the port. */
const addressOf = (last: number) => `127.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}.${last}`;
export const SERVER = addressOf(53);
export const OTHER = addressOf(55);
const RESOLVER = addressOf(54);
export const SITES = [addressOf(1), addressOf(2)] as const;

/** A web server of a site: its status and its body are the test's to say. */
export class SiteServer implements Disposable {
  body = 'up';
  status = 200;
  readonly #server = createServer((_, response) => {
    response.writeHead(this.status, { connection: 'close' }).end(this.body);
  });

  constructor(at: string) {
    this.#server.listen(80, at);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** What a client prints, run to its end. */
function run(program: string, ...words: string[]): string {
  const { stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  if (error) throw error;
  return `${stdout}${stderr}`;
}

/** Patience for a machine that is busy. */
const PATIENCE = ['+time=10', '+tries=3'];
export const digAt = (server: string, ...words: string[]): string =>
  run('dig', `@${server}`, ...PATIENCE, ...words);
export const dig = (...words: string[]): string => digAt(SERVER, ...words);
export const kdig = (...words: string[]): string => run('kdig', `@${SERVER}`, '+time=10', ...words);
export const short = (...words: string[]): string[] =>
  dig('+short', ...words)
    .split('\n')
    .filter(Boolean)
    .sort();

/** Debian's resolver, which asks our server for one zone, with letters whose case is drawn by lot. */
export class Unbound implements Disposable {
  readonly #child;

  constructor(dir: string, zone: string) {
    const file = join(dir, 'unbound.conf');
    writeFileSync(
      file,
      `server:\n interface: ${RESOLVER}\n access-control: 127.0.0.0/8 allow\n do-not-query-localhost: no\n use-caps-for-id: yes
 chroot: ""\n username: ""\n pidfile: ""\n directory: "${dir}"\n module-config: "iterator"\n use-syslog: no\n do-ip6: no
remote-control:\n control-enable: no
stub-zone:\n name: ${zone}\n stub-addr: ${SERVER}\n`,
    );
    this.#child = spawn('unbound', ['-d', '-c', file], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    });
  }

  async ready(): Promise<void> {
    await until(
      () => /status: \w+/.test(run('dig', `@${RESOLVER}`, '+time=1', '+tries=1', 'ready.invalid')),
      'unbound',
    );
  }

  ask(...words: string[]): string {
    return run('dig', `@${RESOLVER}`, ...PATIENCE, ...words);
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
