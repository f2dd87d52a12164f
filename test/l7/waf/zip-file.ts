/** Makes ZIP archives for tests, honest ones and others. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly data: string;
  /** 8, deflate, unless told. */
  readonly method?: number;
  readonly flags?: number;
  /** In the place of `name` before the data. */
  readonly localName?: string;
  /** Left out of the list at the end. */
  readonly isHidden?: boolean;
}

/** @param overlap the data of all entries is that of the first one */
export function zipFile(parts: readonly ZipPart[], overlap = false): string {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, data, method = 8, flags = 0, localName = name, isHidden } of parts) {
    const raw = Buffer.from(data, 'latin1');
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const common = Buffer.alloc(22);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(raw), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(raw.length, 18);
    const lengths = (text: string) => Buffer.from([text.length & 255, text.length >> 8, 0, 0]);
    const place = Buffer.alloc(12);
    place.writeUInt32LE(overlap ? 0 : at, 8);
    if (!isHidden)
      central.push(
        Buffer.from('PK\x01\x02\x14\0', 'latin1'),
        common,
        lengths(name),
        Buffer.alloc(2),
        place,
        Buffer.from(name, 'latin1'),
      );
    if (overlap && local.length > 0) continue;
    const entry = [
      Buffer.from('PK\x03\x04', 'latin1'),
      common,
      lengths(localName),
      Buffer.from(localName, 'latin1'),
      packed,
    ];
    local.push(...entry);
    at += entry.reduce((sum, { length }) => sum + length, 0);
  }
  const list = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  const count = parts.filter(({ isHidden }) => !isHidden).length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, list, end]).latin1Slice();
}
