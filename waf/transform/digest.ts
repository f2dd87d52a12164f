/** `t:md5` and `t:sha1`: the digest of the value as raw bytes; rules follow it by `t:hexEncode`. */
import { hash } from 'node:crypto';
import type { Transform } from './transform.ts';

/** Bytes of the longer of the two. */
const DIGEST_MOST = 20;

const digest = (name: string): Transform => ({
  name,
  doc: `Replaces the value by its ${name.toUpperCase()} digest, as raw bytes.`,
  most: () => DIGEST_MOST,
  run: value => hash(name, Buffer.from(value, 'latin1'), 'latin1'),
});

export const md5 = digest('md5');
export const sha1 = digest('sha1');
