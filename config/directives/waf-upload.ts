/** `waf_upload`: which files forms may bring. */
import type { ScannerAddress, UploadSettings } from '#model/l7/waf.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

const ARCHIVES = { unpackedBytes: 100 << 20, entries: 1000, ratio: 100, depth: 2 };
const SCAN_TIMEOUT_MS = 30_000;

export const wafUpload = defineDirective({
  name: 'waf_upload',
  context: BLOCKS,
  args: {
    off: arg.oneOf(['off', 'on']).optional(),
    types: arg.text('extensions, by commas').param(),
    max: arg.size().param(),
    archives: arg.oneOf(['check', 'refuse', 'pass']).param(),
    unpacked: arg.size().param(),
    entries: arg.integer({ min: 1, max: 100_000 }).param(),
    ratio: arg.integer({ min: 2, max: 10_000 }).param(),
    depth: arg.integer({ min: 1, max: 8 }).param(),
    inside: arg.text('extensions, by commas').param(),
    scan: arg.text('unix:PATH or HOST:PORT').param(),
    timeout: arg.durationMs().param(),
  },
  doc: {
    summary:
      'Looks at the files of forms (multipart/form-data) where `waf` is on: the content has to begin as the extension says, and what is a program, a script or an archive by content may not bear the extension of something else. Archives are opened, without a file being written. Refused with 403, or 413 for size; with `waf detect` only written down. Files that have to be looked into may not be longer than what is inspected of a body (`waf_body_limit`).',
    args: {
      off: '`on` is the same as to give a parameter.',
      types: 'The extensions that are taken; all, if absent.',
      max: 'How large a file may be.',
      archives:
        '`check`, if absent: ZIP (and documents and programs of that form), tar, gzip and Zstandard are opened, and what is in them has to be what it says; names that lead elsewhere, entries that overlap or that the list leaves out, encrypted ones, and archives that cannot be opened (bzip2, xz, 7-Zip, RAR) are refused. `refuse` takes no archives, `pass` opens none.',
      unpacked: 'How large all of it may be, unpacked; 100m if absent.',
      entries: 'How many entries it may have; 1000 if absent.',
      ratio: 'How many times as large a part of more than a megabyte may become; 100 if absent.',
      depth: 'How many archives may lie within each other; 2 if absent, 1 for none.',
      inside:
        'The extensions of what may be in an archive; documents (docx and the like) are not held to it.',
      scan: 'Where clamd of ClamAV listens: each file is shown to it (INSTREAM). What becomes of a file of which it gives no answer says `waf_on_fault`.',
      timeout: 'How long it may take to answer; 30s if absent.',
    },
    default: 'waf_upload off;',
    example:
      'waf_upload types=jpg,jpeg,png,pdf,zip max=10m inside=jpg,jpeg,png scan=unix:/run/clamav/clamd.ctl;',
    since: '0.1',
  },
  compile({ off, types, max, scan, timeout, ...archive }, scope) {
    const given = [types, max, scan, timeout, ...Object.values(archive)].filter(value => value !== undefined);
    if (off === undefined && given.length === 0)
      throw new ArgumentFault('does not say what to look at', 'write waf_upload on or types=jpg,png');
    if (off === 'off' && given.length > 0)
      throw new ArgumentFault('is off, and has parameters', 'leave off out, or the parameters');
    if (timeout !== undefined && scan === undefined)
      throw new ArgumentFault(
        'has a timeout for a scanner, and no scanner',
        'write scan=unix:/run/clamav/clamd.ctl',
      );
    const scanner =
      scan === undefined ? undefined : { at: scannerAt(scan), timeoutMs: timeout ?? SCAN_TIMEOUT_MS };
    const archives = archivesOf(archive);
    const upload =
      off === 'off'
        ? undefined
        : { types: types === undefined ? undefined : listOf(types), mostBytes: max, archives, scanner };
    scope.set('waf', { upload });
  },
});

interface ArchiveWords {
  readonly archives: 'check' | 'refuse' | 'pass' | undefined;
  readonly unpacked: number | undefined;
  readonly entries: number | undefined;
  readonly ratio: number | undefined;
  readonly depth: number | undefined;
  readonly inside: string | undefined;
}

function archivesOf({ archives = 'check', inside, ...limits }: ArchiveWords): UploadSettings['archives'] {
  const { unpacked, entries, ratio, depth } = limits;
  if (archives === 'check')
    return {
      unpackedBytes: unpacked ?? ARCHIVES.unpackedBytes,
      entries: entries ?? ARCHIVES.entries,
      ratio: ratio ?? ARCHIVES.ratio,
      depth: depth ?? ARCHIVES.depth,
      inside: inside === undefined ? undefined : listOf(inside),
    };
  if (inside !== undefined || Object.values(limits).some(value => value !== undefined))
    throw new ArgumentFault(
      `has limits for archives, which it does not open`,
      'leave archives out, or the limits',
    );
  return archives;
}

/** @throws {ArgumentFault} */
function scannerAt(text: string): ScannerAddress {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) };
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new ArgumentFault(
      `"${text}" is no place of clamd`,
      'write scan=unix:/run/clamav/clamd.ctl or scan=127.0.0.1:3310',
    );
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function listOf(text: string): string[] {
  const types = text.toLowerCase().split(',');
  const wrong = types.find(type => !/^[a-z0-9]{1,12}$/.test(type));
  if (wrong !== undefined) throw new ArgumentFault(`"${wrong}" is no extension`, 'as in types=jpg,png,pdf');
  return types;
}
