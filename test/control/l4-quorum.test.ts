/** Quorum, sorry server, notify, inhibit: what clients and operators see when real servers go and come back. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../l4/program.ts';
import { labMissing, until } from '../lab/lab.ts';
import { Site, service, VIP } from './l4-site.ts';

const skip = labMissing('curl') || programMissing();

/** Real servers are up as their files say: `weight` of a file check is what they weigh. */
class Weighed {
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
    chmodSync(site.dir, 0o777); // programs of notify run as nobody
    this.say('ra', 'up');
    this.say('rb', 'up');
  }

  say(real: 'ra' | 'rb', word: string): void {
    writeFileSync(join(this.#site.dir, real), `${word}\n`);
  }

  /** Its two checks, in the place of that of service(). */
  configure(more: string): void {
    const { dir } = this.#site;
    const check = (real: string, address: string) =>
      `health_check file path=${dir}/${real} only=${address} interval=100ms rise=1 fall=1;`;
    const text = service(this.#site, more).replace(
      /health_check tcp [^;]*;/,
      `${check('ra', '192.0.2.11')} ${check('rb', '192.0.2.12')}`,
    );
    this.#site.configure(text);
  }
}

const saysSince = (site: Site, from: number, what: RegExp) =>
  until(() => what.test(site.log.slice(from)), `the log to say ${what}`);

test('quorum: lost and gained with hysteresis; meanwhile clients get the sorry server, and programs are told', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  const weighed = new Weighed(site);
  const sorry = site.lab.host('sorry');
  site.lab.wire(sorry, 'eth0', 'lan', { addresses: ['192.0.2.13/24'] });
  sorry.do(`ip address add ${VIP}/32 dev lo`);
  sorry.do('sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
  const program = `require('node:http').createServer((_, answer) => answer.setHeader('connection', 'close').end('sorry')).listen(80)`;
  sorry.start(process.execPath, '-e', program);
  await sorry.listening(80);
  const told = join(site.dir, 'told');
  const hook = join(site.dir, 'hook');
  writeFileSync(hook, `#!/bin/sh\necho "$1 $MOAT_EVENT $MOAT_REAL_SERVER $MOAT_REASON" >> ${told}\n`, {
    mode: 0o755,
  });
  const hooks = ['real_down', 'real_up', 'quorum_down', 'quorum_up'].map(
    event => `notify ${event} ${hook} x;`,
  );
  // Gained at 2 + 1, lost below 2 - 1: each of the two weighs 2.
  weighed.configure(`sorry_server 192.0.2.13; quorum 2 hysteresis=1; ${hooks.join(' ')}`);
  site.configure(
    readFileSync(join(site.dir, 'moat.conf'), 'utf8')
      .replace(/^.*?(?=l4 )/s, '')
      .replaceAll(/(real_server \S+?) ?;/g, '$1 weight=2;'),
  );
  await site.start();
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);

  let from = site.log.length;
  weighed.say('ra', 'down');
  await saysSince(site, from, /192\.0\.2\.11 .* is dead: file: /);
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'weight 2 is not below 1');
  weighed.say('rb', 'down');
  await saysSince(site, from, /has lost its quorum: weight 0 lives, the quorum is 2/);
  assert.deepEqual(await site.answers(4), Array(4).fill('sorry'));
  assert.match(await site.ask('list'), /^ {2}-> 192\.0\.2\.13 .* sorry$/m);

  from = site.log.length;
  weighed.say('rb', 'up');
  await saysSince(site, from, /192\.0\.2\.12 .* is alive: file passed/);
  assert.deepEqual(await site.answers(4), Array(4).fill('sorry'), 'weight 2 is not 3 yet');
  weighed.say('ra', 'up');
  await saysSince(site, from, /has its quorum again: weight 4 lives/);
  assert.deepEqual([...new Set(await site.answers(8))].sort(), ['ra', 'rb']);

  const lines = () => (existsSync(told) ? readFileSync(told, 'utf8') : '');
  for (const line of [
    /^x real_down 192\.0\.2\.11 file: /m,
    /^x real_up 192\.0\.2\.12 file passed$/m,
    /^x quorum_down {2}weight 0 lives, the quorum is 2$/m,
    /^x quorum_up {2}weight 4 lives, the quorum is 2$/m,
  ])
    await until(() => line.test(lines()), `a program to be told ${line}`);
  rmSync(told);
  await site.kill('SIGTERM');
});

test('inhibit: an ill real server keeps the connections that it has; without, they are reset; new ones go elsewhere', {
  skip,
}, async () => {
  await using site = new Site();
  const weighed = new Weighed(site);
  const program = `require('node:net').createServer(socket => { socket.on('error', () => {}).on('data', piece => socket.write(process.argv[1] + ' ' + piece)); }).listen(80)`;
  await site.join();
  for (const real of site.reals) {
    real.start(process.execPath, '-e', program, real.name);
    await real.listening(80);
  }
  for (const inhibit of ['on', 'off']) {
    weighed.say('ra', 'up');
    weighed.say('rb', 'down');
    weighed.configure(`inhibit ${inhibit};`);
    await site.start(inhibit === 'on' ? 1 : 2);
    await until(async () => /192\.0\.2\.12 .* dead/.test(await site.ask('list')), 'the second to be out');
    const talk = new Conversation(site);
    assert.equal(await talk.ask('one'), 'ra one');
    const from = site.log.length;
    weighed.say('rb', 'up');
    weighed.say('ra', 'down');
    await saysSince(site, from, /192\.0\.2\.11 .* is dead/);
    await until(async () => {
      const list = await site.ask('list');
      return /192\.0\.2\.11 .* dead/.test(list) && /192\.0\.2\.12 .* alive/.test(list);
    }, 'the two to have changed');
    if (inhibit === 'on') assert.equal(await talk.ask('two'), 'ra two');
    else assert.equal(await talk.ask('two'), 'reset');
    const other = new Conversation(site);
    assert.equal(await other.ask('three'), 'rb three');
    await site.kill('SIGTERM');
  }
});

/** One connection of the client. */
class Conversation {
  readonly #child;
  #heard = '';

  constructor(site: Site) {
    const program = `const socket = require('node:net').connect(80, '${VIP}');
      socket.on('data', piece => process.stdout.write(piece + '\\n')).on('error', () => console.log('reset'));
      process.stdin.on('data', piece => socket.write(String(piece).trim()));`;
    this.#child = site.client.start(process.execPath, '-e', program);
    this.#child.stdout!.on('data', piece => (this.#heard += piece));
  }

  /** What comes back. */
  async ask(word: string): Promise<string> {
    this.#heard = '';
    this.#child.stdin!.write(`${word}\n`);
    await until(() => this.#heard.includes('\n'), `an answer to ${word}`);
    return this.#heard.trim();
  }
}
