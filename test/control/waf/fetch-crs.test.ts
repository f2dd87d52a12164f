/** `moat waf fetch-crs` against a server of ours: what is taken, and all that is refused with nothing written. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readTar, TarFault } from '../../../control/waf/fetch/tar.ts';
import { PROGRAMS } from '../../e2e/rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'fetch-crs-'));
const served = new Map<string, Buffer | string>();
let server: Server;
let origin = '';

before(async () => {
  execFileSync(
    'openssl',
    [
      ...'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1'.split(
        ' ',
      ),
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  );
  const tls = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
  server = createServer(tls, (request, response) => {
    const found = served.get(request.url ?? '');
    if (typeof found === 'string') response.writeHead(302, { Location: found }).end();
    else if (found) response.end(found);
    else response.writeHead(404).end();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  origin = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** @param entries path → content, or where a link leads */
function release(name: string, entries: Readonly<Record<string, string | { link: string }>>): Buffer {
  const root = mkdtempSync(join(folder, 'release-'));
  for (const [path, content] of Object.entries(entries)) {
    mkdirSync(join(root, name, path, '..'), { recursive: true });
    if (typeof content === 'string') writeFileSync(join(root, name, path), content);
    else symlinkSync(content.link, join(root, name, path));
  }
  return execFileSync('tar', ['-C', root, '-cz', name]);
}

const RULES = {
  'crs-setup.conf.example': 'SecComponentSignature "OWASP_CRS/4.99.0"\n',
  'rules/REQUEST-901-INITIALIZATION.conf': 'SecAction "id:901001,phase:1,pass,nolog"\n',
  'rules/words.data': 'word\n',
  'tests/regression/a.yaml': 'x: 1\n',
};

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function moat(...args: string[]): Promise<{ code: number | null; said: string }> {
  const child: ChildProcess = spawn(PROGRAMS.moat, ['waf', 'fetch-crs', ...args], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', text => (said += text));
  const code = await new Promise<number | null>(done => child.once('close', done));
  return { code, said };
}

test('the release whose hash is named is unpacked: rules, data and settings, no more', async () => {
  const archive = release('coreruleset-4.99.0', RULES);
  served.set('/moved', `${origin}/release.tar.gz`).set('/release.tar.gz', archive);
  const to = join(folder, 'taken');
  const { code, said } = await moat(`${origin}/moved`, '--sha256', hashOf(archive), '--to', to);
  assert.equal(code, 0, said);
  assert.match(said, new RegExp(`waf_rules crs=${to};`));
  assert.deepEqual(readdirSync(to).sort(), ['crs-setup.conf.example', 'rules']);
  assert.equal(readFileSync(join(to, 'rules/words.data'), 'utf8'), 'word\n');
  const again = await moat(`${origin}/moved`, '--sha256', hashOf(archive), '--to', to);
  assert.equal(again.code, 1);
  assert.match(again.said, /is there already/);
});

const REFUSED: readonly (readonly [what: string, archive: () => Buffer, said: RegExp, hash?: string])[] = [
  ['another file', () => release('a', RULES), /its SHA-256 is [0-9a-f]{64}, not 0{64}/, '0'.repeat(64)],
  ['a file without rules', () => release('a', { 'README.md': 'x' }), /no OWASP rules in it/],
  ['what is no archive', () => gzipSync('x'.repeat(2000)), /no archive of tar/],
  ['what is not packed', () => Buffer.from('x'), /cannot be unpacked/],
  ['a bomb', () => gzipSync(Buffer.alloc(300 << 20)), /cannot be unpacked/],
];

for (const [what, archive, said, hash] of REFUSED)
  test(`${what} is refused, and nothing is written`, async () => {
    const bytes = archive();
    served.set('/bad.tar.gz', bytes);
    const to = join(folder, `bad ${what}`);
    const answer = await moat(`${origin}/bad.tar.gz`, '--sha256', hash ?? hashOf(bytes), '--to', to);
    assert.equal(answer.code, 1, answer.said);
    assert.match(answer.said, said);
    assert.equal(existsSync(to), false);
    assert.deepEqual(
      readdirSync(folder).filter(name => name.startsWith('.fetch')),
      [],
    );
  });

test('links in an archive are left out', async () => {
  const archive = release('a', { ...RULES, 'rules/REQUEST-999-X.conf': { link: '/etc/passwd' } });
  served.set('/links.tar.gz', archive);
  const to = join(folder, 'links');
  const { code, said } = await moat(`${origin}/links.tar.gz`, '--sha256', hashOf(archive), '--to', to);
  assert.equal(code, 0, said);
  assert.deepEqual(readdirSync(join(to, 'rules')).sort(), ['REQUEST-901-INITIALIZATION.conf', 'words.data']);
});

test('no hash, no version, plain http and a server that has nothing are told', async () => {
  assert.match((await moat('4.25.0')).said, /--sha256/);
  assert.match((await moat()).said, /which release\?/);
  assert.match((await moat('http://127.0.0.1/a', '--sha256', '0'.repeat(64))).said, /which release\?/);
  served.set('/down', 'http://127.0.0.1/a.tar.gz');
  assert.match((await moat(`${origin}/down`, '--sha256', '0'.repeat(64))).said, /http:\/\/ is not fetched/);
  assert.match((await moat(`${origin}/none`, '--sha256', '0'.repeat(64))).said, /the server answers 404/);
});

/** A head of an archive whose sum is right, with no content. */
function headFor(path: string, type = '0'): Buffer {
  const head = Buffer.alloc(1024);
  head.write(path, 0, 'latin1');
  head.write('0000644\0', 100);
  head.write('00000000000\0', 124);
  head.write(`        ${type}ustar\x0000`, 148, 'latin1');
  const sum = head.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}

for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a/./b', 'a//b', 'a\\b', 'a/'])
  test(`readTar: the path ${path} is refused`, () => {
    assert.deepEqual(
      readTar(headFor('a/b')).files.map(file => file.path),
      ['a/b'],
    );
    assert.throws(() => readTar(headFor(path)), TarFault);
  });

test('readTar: long names of GNU and of pax, as tar writes them', () => {
  const name = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'f'.repeat(60)}`;
  const root = mkdtempSync(join(folder, 'long-'));
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), 'content');
  for (const format of ['gnu', 'pax', 'ustar']) {
    const bytes = execFileSync('tar', ['-C', root, `--format=${format}`, '-c', 'd'.repeat(60)]);
    const { files } = readTar(bytes);
    assert.deepEqual(
      files.map(({ path, content }) => [path, content.toString()]),
      [[name, 'content']],
      format,
    );
  }
});

test('readTar: damage is a fault', () => {
  const whole = execFileSync('tar', ['-C', folder, '-c', 'cert.pem']);
  for (let at = 0; at < 512; at += 7) {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at]! ^ 0x55;
    assert.throws(() => readTar(bytes), TarFault, String(at));
  }
  assert.throws(() => readTar(whole.subarray(0, 600)), TarFault);
});
