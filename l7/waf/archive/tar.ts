/** The entries of a tar archive (POSIX ustar and pax, GNU long names). */
import { ArchiveFault, checkName } from './fault.ts';

export interface TarEntry {
  readonly name: string;
  readonly data: Buffer;
}

const BLOCK = 512;
const NOTHING = Buffer.alloc(0);
const MOST_NAME = 65_536;

export const isTar = (start: string): boolean => start.slice(257, 262) === 'ustar';

/** @param most entries @throws {ArchiveFault} where it cannot be read, or something in it leads elsewhere */
export function readTar(file: Buffer, most: number): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  let count = 0;
  for (let at = 0; at + BLOCK <= file.length; ) {
    const head = file.subarray(at, at + BLOCK);
    if (head.every(byte => byte === 0)) break;
    checkSum(head);
    const bytes = numberAt(head, 124, 12);
    const kind = String.fromCharCode(head[156]!);
    const data = file.subarray(at + BLOCK, at + BLOCK + bytes);
    if (data.length < bytes) throw new ArchiveFault('is a broken tar archive');
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
    if (++count > most) throw new ArchiveFault(`holds more than ${most} entries`, 413);
    if (kind === 'L' || kind === 'x') {
      if (bytes > MOST_NAME) throw new ArchiveFault('is a broken tar archive');
      longName = (kind === 'L' ? textOf(data) : paxPath(data)) ?? longName;
      continue;
    }
    if (kind === 'g' || kind === 'K') continue;
    const name = longName ?? nameOf(head);
    longName = undefined;
    checkName(name);
    if (kind === '1' || kind === '2') checkName(textOf(head.subarray(157, 257)));
    else if ('3456'.includes(kind) && kind !== '5') throw new ArchiveFault('holds something that is no file');
    entries.push({ name, data: kind === '5' ? NOTHING : data });
  }
  return entries;
}

const textOf = (bytes: Buffer): string => bytes.latin1Slice().split('\0', 1)[0]!;

function nameOf(head: Buffer): string {
  const name = textOf(head.subarray(0, 100));
  const prefix = textOf(head.subarray(345, 500));
  // GNU's own form has times where the prefix would be.
  return prefix !== '' && head[262] === 0 && head[263] === 0x30 ? `${prefix}/${name}` : name;
}

/** Records of `LENGTH KEY=VALUE\n`. */
function paxPath(data: Buffer): string | undefined {
  const text = data.latin1Slice();
  let found: string | undefined;
  for (let at = 0; at < text.length; ) {
    const length = Number(/^\d{1,6}(?= )/.exec(text.slice(at, at + 8))?.[0]);
    if (!(length > 0)) break;
    const path = / path=(.*)\n$/s.exec(text.slice(at, at + length));
    if (path) found = path[1]!;
    at += length;
  }
  return found;
}

/** Octal digits, or GNU's binary form for what is too large for them. */
function numberAt(head: Buffer, at: number, bytes: number): number {
  if (head[at]! & 0x80) throw new ArchiveFault('holds a file of more than 8 GB', 413);
  const text = textOf(head.subarray(at, at + bytes)).trim();
  if (!/^[0-7]*$/.test(text)) throw new ArchiveFault('is a broken tar archive');
  return Number.parseInt(text || '0', 8);
}

function checkSum(head: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += head[at]!;
  if (sum !== numberAt(head, 148, 8)) throw new ArchiveFault('is a broken tar archive');
}
