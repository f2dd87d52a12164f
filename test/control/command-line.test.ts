/** nginx's options, as scripts and service units use them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readNginxCommand, UsageFault } from '../../control/command-line.ts';
import { freePorts, PROGRAMS } from '../e2e/rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-line-'));
mkdirSync(join(dir, 'conf'));
after(() => rmSync(dir, { recursive: true }));

function moat(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, args, { encoding: 'latin1', cwd: '/' });
  return { stdout, stderr, status };
}

function conf(text: string, name = 'a.conf'): string {
  writeFileSync(join(dir, name), text, 'latin1');
  return join(dir, name);
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1').unref();
  await new Promise(resolve => server.once('listening', resolve));
  return server;
}

test('options: joined or apart, a value in the same word or the next', () => {
  assert.deepEqual(readNginxCommand(['-tqc', 'x', '-p/y', '-g', 'daemon off;']), {
    test: 'check',
    quiet: true,
    file: 'x',
    prefix: '/y',
    globals: 'daemon off;',
  });
  assert.deepEqual(readNginxCommand(['-sreload', '-e', 'stderr']), { send: 'reload', errorLog: 'stderr' });
});

test('options: what is wrong with them is said in the words of nginx', () => {
  const wrong: [string[], string][] = [
    [['-z'], 'invalid option: "z"'],
    [['word'], 'invalid option: "word"'],
    [['-s', 'dance'], 'invalid option: "-s dance"'],
    [['-c'], 'option "-c" requires file name'],
    [['-p'], 'option "-p" requires directory name'],
    [['-g'], 'option "-g" requires parameter'],
  ];
  for (const [args, message] of wrong)
    assert.throws(() => readNginxCommand(args), new UsageFault(message), args.join(' '));
  assert.deepEqual(moat('-z'), { stdout: '', stderr: 'nginx: invalid option: "z"\n', status: 1 });
});

test('-v: the version on stderr', () => {
  assert.deepEqual(moat('-v'), {
    stdout: '',
    stderr: 'nginx version: nginx/1.31.5 (moat/0.1.0)\n',
    status: 0,
  });
});

test('-V: what it is built with, and what it has not', () => {
  const { stderr, status } = moat('-V');
  const [version, openssl, sni, configure = ''] = stderr.split('\n');
  assert.equal(status, 0);
  assert.match(version ?? '', /^nginx version: nginx\/1\.31\.5 /);
  assert.match(openssl ?? '', /^built with OpenSSL \d+\.\d+\.\d+/);
  assert.equal(sni, 'TLS SNI support enabled');
  assert.match(configure, /^configure arguments: .*--with-http_ssl_module .*--without-http_fastcgi_module /);
  assert.doesNotMatch(configure, /--with-http_dav_module|--without-http_proxy_module/);
});

test('-h and -?: the options', () => {
  for (const option of ['-h', '-?']) {
    const { stderr, status } = moat(option);
    assert.equal(status, 0);
    for (const letter of 'hvVtTqspecg')
      assert.match(stderr, new RegExp(`^  (-\\? )?-${letter} `, 'm'), letter);
  }
});

test('-t: a sound configuration', () => {
  const path = conf('events { }\nhttp { access_log off; }\n');
  const sound = `nginx: the configuration file ${path} syntax is ok\nnginx: configuration file ${path} test is successful\n`;
  assert.deepEqual(moat('-t', '-p', dir, '-c', 'a.conf', '-e', 'stderr'), {
    stdout: '',
    stderr: sound,
    status: 0,
  });
  assert.deepEqual(moat('-tq', '-p', dir, '-c', 'a.conf', '-e', 'stderr'), {
    stdout: '',
    stderr: '',
    status: 0,
  });
});

test('-t: a faulty one is told with place and hint, on stderr and in the error log', () => {
  const path = conf('events { }\nhttp {\n  servre { }\n}\n');
  const { stderr, status } = moat('-t', '-p', dir, '-c', 'a.conf', '-e', 'faulty.log');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^nginx: \[emerg\] unknown directive "servre" \(did you mean "server"\?\) in .*a\.conf:3\n/,
  );
  assert.ok(stderr.endsWith(`nginx: configuration file ${path} test failed\n`), stderr);
  assert.match(
    readFileSync(join(dir, 'faulty.log'), 'latin1'),
    / \[emerg\] \d+#0: unknown directive "servre"/,
  );
});

test('-t: a file that is not there, and a log that cannot be opened', () => {
  assert.match(moat('-t', '-p', dir, '-c', 'none.conf', '-e', 'stderr').stderr, /none\.conf.*no such file/);
  conf('events { }\nerror_log /nowhere/at/all.log;\n');
  const { stderr, status } = moat('-t', '-p', dir, '-c', 'a.conf', '-e', 'stderr');
  assert.match(
    stderr,
    /\[emerg\] open\(\) "\/nowhere\/at\/all\.log" failed \(2: no such file or directory\)\n/,
  );
  assert.equal(status, 1);
});

test('-t: an address of another machine is a fault, one that another program uses is none', async () => {
  const taken = await listening(0);
  after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const check = (address: string) => {
    conf(`events { }\nhttp { access_log off; server { listen ${address}; } }\n`);
    return moat('-t', '-p', dir, '-c', 'a.conf', '-e', 'stderr');
  };
  assert.equal(check(`127.0.0.1:${port}`).status, 0);
  assert.match(
    check(`192.0.2.1:${port}`).stderr,
    new RegExp(`bind\\(\\) to 192\\.0\\.2\\.1:${port} failed \\(99: `),
  );
});

test('-t: a user that does not exist', { skip: process.getuid?.() !== 0 }, () => {
  conf('events { }\nuser nobody-of-this-name;\n');
  const { stderr, status } = moat('-t', '-p', dir, '-c', 'a.conf', '-e', 'stderr');
  assert.match(stderr, /\[emerg\] getpwnam\("nobody-of-this-name"\) failed/);
  assert.equal(status, 1);
});

test('-T: every file of the configuration, in the order of reading, and nothing else', () => {
  const path = conf(`events { }\ninclude inc/*.conf;\n`);
  mkdirSync(join(dir, 'inc'));
  writeFileSync(join(dir, 'inc/2.conf'), 'http { access_log off; }\n');
  writeFileSync(join(dir, 'inc/1.conf'), '# \xe9\n', 'latin1');
  const { stdout, stderr, status } = moat('-T', '-p', dir, '-c', 'a.conf', '-e', 'stderr');
  assert.equal(status, 0);
  assert.match(stderr, /test is successful\n$/);
  const part = (name: string, text: string) => `# configuration file ${name}:\n${text}\n`;
  assert.equal(
    stdout,
    part(path, 'events { }\ninclude inc/*.conf;\n') +
      part(`${dir}/inc/1.conf`, '# \xe9\n') +
      part(`${dir}/inc/2.conf`, 'http { access_log off; }\n'),
  );
});

test('-g: directives before the file; a fault in them has no line', () => {
  conf('events { }\nhttp { access_log off; }\n');
  assert.equal(moat('-t', '-p', dir, '-c', 'a.conf', '-g', 'user root;', '-e', 'stderr').status, 0);
  const { stderr } = moat('-t', '-p', dir, '-c', 'a.conf', '-g', 'usr root;', '-e', 'stderr');
  assert.match(stderr, /unknown directive "usr".* in command line\n/);
});

test('-s: without a running program', () => {
  conf(`events { }\npid none.pid;\n`);
  assert.deepEqual(moat('-s', 'stop', '-p', dir, '-c', 'a.conf'), {
    stdout: '',
    stderr: `nginx: [error] open() "${dir}/none.pid" failed (2: no such file or directory)\n`,
    status: 1,
  });
  writeFileSync(join(dir, 'none.pid'), 'x\n');
  assert.match(moat('-s', 'quit', '-p', dir, '-c', 'a.conf').stderr, /\[error\] invalid PID number "x" in /);
});

test('-s: a faulty configuration is told with the place in its line, and nobody is signalled', () => {
  const path = conf('events { }\nhttp { accesslog off; }\n');
  const { stderr, status } = moat('-s', 'reload', '-p', dir, '-c', 'a.conf');
  assert.match(stderr, /^nginx: \[emerg\] unknown directive "accesslog" .* in .*a\.conf:2\n/);
  assert.ok(stderr.includes(`${path}:2:8: error[unknown-directive]`), stderr);
  assert.equal(status, 1);
});

test('files that are none: a device without an end, a directory as the passphrase', () => {
  const { stderr, status } = moat('fmt', '/dev/zero');
  assert.equal(stderr, 'nginx: [emerg] cannot format /dev/zero: it has more than 64 MB\n');
  assert.equal(status, 3);
  const path = conf('events { }\n');
  const backup = moat('backup', join(dir, 'backup'), '-c', path, '--passphrase-file', dir);
  assert.ok(backup.stderr.startsWith(`moat backup: "${dir}" is a directory\n`), backup.stderr);
  assert.equal(backup.status, 2);
});

test('configuration file: the first of its usual places below the prefix', () => {
  const check = () => moat('-t', '-p', dir, '-g', 'error_log stderr;').stderr;
  assert.match(check(), new RegExp(`cannot read ${dir}/moat\\.conf`));
  for (const place of ['conf/nginx.conf', 'conf/moat.conf', 'moat.conf']) {
    conf('events { }\nhttp { access_log off; }\n', place);
    assert.match(check(), new RegExp(`the configuration file ${dir}/${place} syntax is ok`));
  }
});

test('commands: an unknown one is told with the one that was meant', () => {
  const misspelt = moat('relaod');
  assert.match(misspelt.stderr, /did you mean "moat reload"\?/);
  assert.equal(misspelt.status, 1);
  assert.match(moat('help').stdout, /^ {2}moat run /m);
  assert.equal(moat('--help').stdout, moat('help').stdout);
  assert.match(moat('--version').stdout, /^moat \d/);
  assert.equal(moat('version').status, 0);
  assert.equal(moat('run', '--nonsense').status, 2);
  const { stdout, stderr, status } = moat('import', 'nginx', '--help');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^usage: moat import nginx .*\n {7}moat import haproxy /);
});

test('start: a port that another program has', async () => {
  const [port = 0] = await freePorts(1);
  const taken = await listening(port);
  after(() => taken.close());
  conf(
    `daemon off;\npid x.pid;\nevents { }\nhttp { access_log off; server { listen 127.0.0.1:${port}; } }\n`,
  );
  const { stderr, status } = moat('-p', dir, '-c', 'a.conf', '-e', 'stderr');
  assert.match(
    stderr,
    new RegExp(
      `nginx: \\[emerg\\] bind\\(\\) to 127\\.0\\.0\\.1:${port} failed \\(98: address already in use\\)$`,
      'm',
    ),
  );
  assert.equal(status, 1);
});
