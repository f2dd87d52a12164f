/** What is in archives: honest ones pass, bombs and disguises do not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ArchiveLimits } from '#model/l7/waf.ts';
import { ArchiveFault } from '../../../l7/waf/archive/fault.ts';
import { inspectArchive } from '../../../l7/waf/archive/inspect.ts';
import { zipFile } from './zip-file.ts';

const LIMITS: ArchiveLimits = {
  unpackedBytes: 4 << 20,
  entries: 20,
  ratio: 100,
  depth: 2,
  inside: undefined,
};
const PNG = '\x89PNG\r\n\x1a\n\0\0\0\rIHDR';
const ELF = '\x7fELF\x02\x01\x01\0';

async function faultOf(
  name: string,
  content: string | Buffer,
  more: Partial<ArchiveLimits> = {},
): Promise<string> {
  try {
    await inspectArchive(name, Buffer.from(content as string, 'latin1'), { ...LIMITS, ...more });
    return '';
  } catch (fault) {
    if (fault instanceof ArchiveFault) return `${fault.status} ${fault.message}`;
    throw fault;
  }
}

const text = (name: string) => ({ name, data: 'hello' });
const nested = (levels: number): string =>
  levels === 0 ? 'text' : zipFile([{ name: levels === 1 ? 'a.txt' : 'a.zip', data: nested(levels - 1) }]);

test('zip: honest archives', async () => {
  assert.equal(await faultOf('a.zip', zipFile([])), '');
  assert.equal(
    await faultOf(
      'a.zip',
      zipFile([text('a.txt'), { name: 'b/c.png', data: PNG }, { name: 'd/', data: '' }]),
    ),
    '',
  );
  assert.equal(await faultOf('a.zip', zipFile([{ ...text('a.txt'), method: 0 }])), '');
  assert.equal(await faultOf('a.zip', nested(2)), '');
  assert.equal(await faultOf('a.docx', zipFile([{ name: 'word/document.xml', data: '<w/>' }])), '');
});

const CASES: readonly (readonly [
  what: string,
  name: string,
  content: () => string | Buffer,
  fault: RegExp,
])[] = [
  [
    'a program',
    'a.zip',
    () => zipFile([{ name: 'a.png', data: ELF }]),
    /^403 holds "a\.png", which is a program for Linux/,
  ],
  ['too deep', 'a.zip', () => nested(3), /^413 holds archives within archives, more than 2 deep/],
  [
    'a ratio',
    'a.zip',
    () => zipFile([{ name: 'a.txt', data: '0'.repeat(3 << 20) }]),
    /^413 becomes more than 100 times/,
  ],
  [
    'a sum',
    'a.zip',
    () => zipFile([1, 2, 3, 4, 5].map(at => ({ name: `${at}`, data: noise(1 << 20), method: 0 }))),
    /^413 would be more than 4194304 bytes/,
  ],
  [
    'entries',
    'a.zip',
    () => zipFile(Array.from({ length: 21 }, (_, at) => text(`${at}.txt`))),
    /^413 holds 21 entries/,
  ],
  ['overlap', 'a.zip', () => zipFile([text('a.txt'), text('a.txt')], true), /^413 has entries that overlap/],
  [
    'hidden entries',
    'a.zip',
    () => zipFile([text('a.txt'), { ...text('b.txt'), isHidden: true }]),
    /^403 has entries that its list leaves out/,
  ],
  [
    'two names',
    'a.zip',
    () => zipFile([{ ...text('a.txt'), localName: 'a.exe' }]),
    /^403 names an entry in two ways/,
  ],
  [
    'a way out',
    'a.zip',
    () => zipFile([text('../../etc/cron.d/x')]),
    /^403 holds a name that leads elsewhere/,
  ],
  [
    'a way out with backslashes',
    'a.zip',
    () => zipFile([text('a\\..\\..\\x')]),
    /^403 holds a name that leads elsewhere/,
  ],
  ['a root', 'a.zip', () => zipFile([text('/etc/passwd')]), /^403 holds a name from the root/],
  ['a drive', 'a.zip', () => zipFile([text('C:x')]), /^403 holds a name from the root/],
  ['encryption', 'a.zip', () => zipFile([{ ...text('a.txt'), flags: 1 }]), /^403 is encrypted/],
  [
    'a strange method',
    'a.zip',
    () => zipFile([{ ...text('a.txt'), method: 14 }]),
    /^403 is packed by a method \(14\)/,
  ],
  ['something behind it', 'a.zip', () => `${zipFile([text('a.txt')])}x`, /^403 is a broken ZIP archive/],
  [
    'something before it',
    'a.zip',
    () => `PK\x03\x04${zipFile([text('a.txt')])}`,
    /^403 has something between its parts/,
  ],
  ['half of it', 'a.zip', () => zipFile([text('a.txt')]).slice(0, 40), /^403 is a broken ZIP archive/],
  ['a bomb in gzip', 'a.gz', () => gzipSync('0'.repeat(3 << 20)), /^413 becomes more than 100 times/],
  [
    'a bomb in gzip in gzip',
    'a.gz.gz',
    () => gzipSync(gzipSync('0'.repeat(3 << 20))),
    /^413 becomes more than 100 times/,
  ],
  ['a program in gzip', 'a.txt.gz', () => gzipSync(ELF), /^403 holds "a\.txt", which is a program for Linux/],
  ['a broken stream', 'a.gz', () => gzipSync(noise(5000)).subarray(0, 3000), /^403 cannot be unpacked/],
  [
    'a program in zstd',
    'a.txt.zst',
    () => zstdCompressSync(Buffer.from(ELF, 'latin1')),
    /^403 holds "a\.txt", which is a program/,
  ],
  [
    'what cannot be opened',
    'a.rar',
    () => 'Rar!\x1a\x07\0',
    /^403 is an archive of a kind that cannot be opened/,
  ],
  [
    'what cannot be opened, inside',
    'a.zip',
    () => zipFile([{ name: 'a.7z', data: '7z\xbc\xaf\x27\x1c' }]),
    /^403 is an archive of a kind/,
  ],
];

function noise(bytes: number): string {
  let state = 1;
  return Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return String.fromCharCode((state >>> 16) & 255);
  }).join('');
}

for (const [what, name, content, fault] of CASES)
  test(`archives: ${what} is refused`, async () => {
    assert.match(await faultOf(name, content()), fault);
  });

test('inside: what may be in archives, but for documents', async () => {
  const limits = { inside: ['txt'] };
  assert.equal(await faultOf('a.zip', zipFile([text('a.txt')]), limits), '');
  assert.match(
    await faultOf('a.zip', zipFile([text('a.html')]), limits),
    /"a\.html", which is of a type that is not taken/,
  );
  assert.equal(await faultOf('a.docx', zipFile([{ name: 'a.xml', data: '<a/>' }]), limits), '');
});

test('tar: as tar(1) writes it, with long names, links and compression', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'moat-tar-'));
  try {
    const long = 'n'.repeat(150);
    mkdirSync(join(dir, 'in'));
    writeFileSync(join(dir, 'in', 'a.txt'), 'hello');
    writeFileSync(join(dir, 'in', `${long}.txt`), 'hello');
    symlinkSync('a.txt', join(dir, 'in', 'link'));
    const pack = (...words: string[]): Buffer => execFileSync('tar', ['-C', dir, '-cf', '-', ...words]);
    for (const format of ['gnu', 'pax', 'ustar']) {
      const names = format === 'ustar' ? ['in/a.txt', 'in/link'] : ['in'];
      assert.equal(await faultOf('a.tar', pack(`--format=${format}`, ...names)), '', format);
    }
    assert.equal(await faultOf('a.tgz', pack('-z', 'in')), '');
    assert.match(await faultOf('a.tar', pack('--transform=s,in,../in,', 'in')), /leads elsewhere/);
    writeFileSync(join(dir, 'in', 'a.png'), ELF, 'latin1');
    assert.match(await faultOf('a.tgz', pack('-z', 'in')), /"in\/a\.png", which is a program/);
    assert.match(await faultOf('a.tar', pack('in').subarray(0, 700)), /broken tar|^$/);
    symlinkSync('/etc/passwd', join(dir, 'in', 'out'));
    assert.match(await faultOf('a.tar', pack('in/out')), /a name from the root, "\/etc\/passwd"/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('archives: half of anything is refused or passes, and never crashes', async () => {
  const whole = [zipFile([text('a.txt'), { name: 'b.png', data: PNG }]), gzipSync('hello').latin1Slice()];
  for (const file of whole)
    for (let at = 0; at < file.length; at++) {
      await faultOf('a.zip', file.slice(0, at));
      await faultOf('a.zip', `${file.slice(0, at)}\xff${file.slice(at + 1)}`);
    }
});
