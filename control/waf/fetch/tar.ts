/** Reads archives of tar (POSIX.1-2001 ustar and pax, and GNU's long names), and trusts nothing in them. */

export interface TarFile {
  /** Without a leading `/`, without `..`; `/` between its parts. */
  readonly path: string;
  readonly content: Buffer;
}

export interface TarContent {
  readonly files: readonly TarFile[];
  /** Links, devices and the like, which are left out. */
  readonly leftOut: readonly string[];
}

/** The archive is damaged, or is up to no good. */
export class TarFault extends Error {
  override readonly name = 'TarFault';
}

const BLOCK = 512;
const MOST_FILES = 20_000;
const MOST_PATH = 1024;
const DAMAGED = 'it is no archive of tar, or a damaged one';

/** @throws {TarFault} for damage, and for a path that leads out of the archive */
export function readTar(bytes: Buffer): TarContent {
  const files: TarFile[] = [];
  const leftOut: string[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK);
    if (head.every(byte => byte === 0)) break;
    checkSum(head);
    const size = octal(head, 124, 12);
    const start = at + BLOCK;
    if (start + size > bytes.length) throw new TarFault('it ends within a file');
    const content = bytes.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(head[156]!);
    if (type === 'x') longName = paxPath(content) ?? longName;
    else if (type === 'L') longName = text(content, 0, content.length);
    else if (type !== 'g' && type !== 'K') {
      const path = longName ?? nameOf(head);
      longName = undefined;
      if (type === '0' || type === '\0') files.push({ path: safePath(path), content });
      else if (type !== '5') leftOut.push(path);
      if (files.length > MOST_FILES) throw new TarFault(`it has more than ${MOST_FILES} files`);
    }
  }
  return { files, leftOut };
}

/** The sum of all bytes of the head, its own eight taken for spaces. */
function checkSum(head: Buffer): void {
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += head[at]!;
  if (sum !== octal(head, 148, 8)) throw new TarFault(DAMAGED);
}

function text(bytes: Buffer, from: number, length: number): string {
  const end = bytes.indexOf(0, from);
  const stop = end < 0 || end > from + length ? from + length : end;
  return bytes.toString('utf8', from, stop);
}

function octal(head: Buffer, from: number, length: number): number {
  const digits = /^ *([0-7]*)[ \0]*$/.exec(head.toString('latin1', from, from + length))?.[1];
  if (digits === undefined) throw new TarFault(DAMAGED);
  return Number.parseInt(digits || '0', 8);
}

function nameOf(head: Buffer): string {
  const prefix = head.toString('latin1', 257, 262) === 'ustar' ? text(head, 345, 155) : '';
  const name = text(head, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records are `LENGTH KEY=VALUE\n`. */
function paxPath(content: Buffer): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < content.length; ) {
    const [, digits] = /^(\d{1,6}) /.exec(content.toString('latin1', at, at + 8)) ?? [];
    const length = Number(digits ?? 0);
    if (length < 5 || at + length > content.length) throw new TarFault('its extended head is damaged');
    const record = content.toString('utf8', at + digits!.length + 1, at + length - 1);
    if (record.startsWith('path=')) found = record.slice(5);
    at += length;
  }
  return found;
}

/** @throws {TarFault} for whatever could lead elsewhere than below the folder that it is unpacked to */
function safePath(path: string): string {
  const parts = path.replace(/^(?:\.\/)+/, '').split('/');
  const isSafe =
    path.length <= MOST_PATH &&
    !/[\0\\]/.test(path) &&
    parts.every(part => part !== '' && part !== '.' && part !== '..' && part.length <= 255);
  if (!isSafe) throw new TarFault(`the path ${JSON.stringify(path.slice(0, 100))} in it leads elsewhere`);
  return parts.join('/');
}
