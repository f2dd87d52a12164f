/** `t:md5` and `t:sha1`: the digest of the value as raw bytes; rules follow it by `t:hexEncode`. */
import { hash } from 'node:crypto';
import type { Transform } from './transform.ts';

const digest = (name: string): Transform => ({
  name,
  doc: `Replaces the value by its ${name.toUpperCase()} digest, as raw bytes.`,
  run: value => hash(name, Buffer.from(value, 'latin1'), 'buffer').toString('latin1'),
});

export const md5 = digest('md5');
export const sha1 = digest('sha1');
