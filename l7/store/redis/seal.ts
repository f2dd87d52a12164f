/**
 * What lies in Redis can be read and written by nobody without the key of the configuration: AES-256-GCM, with a key for each process
 * that writes (HKDF of the one in the configuration and of the node's number, drawn anew at each start), so that counting makes nonces
 * that never come twice. The name of the place is sealed along: nothing can be carried from one to another.
 *
 * ```
 * version, 1 byte │ node, 16 │ number, 8 │ sealed │ tag, 16
 * ```
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

const VERSION = 1;
const NODE_BYTES = 16;
const HEAD_BYTES = 1 + NODE_BYTES + 8;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
/** Processes come and go; keys of those that wrote last are kept. */
const MOST_KEYS = 64;

export interface Opened {
  /** Who wrote it, as a latin1 string. */
  readonly node: string;
  /** Grows with each that the node writes. */
  readonly number: number;
  readonly plain: Buffer;
}

export class Sealer {
  readonly node: string;
  readonly #secret: Buffer;
  readonly #keys = new Map<string, Buffer>();
  #number = 0;

  /**
   * @param key of the configuration, latin1
   * @param node 16 bytes that no other process has ever drawn
   */
  constructor(key: string, node: Uint8Array) {
    this.#secret = Buffer.from(key, 'latin1');
    this.node = Buffer.from(node).toString('latin1');
  }

  /** @param place where it will lie */
  seal(place: string, plain: Uint8Array): Buffer {
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = VERSION;
    head.write(this.node, 1, 'latin1');
    head.writeBigUInt64BE(BigInt(++this.#number), 1 + NODE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keyOf(this.node), nonceOf(head));
    cipher.setAAD(Buffer.concat([head, Buffer.from(place, 'latin1')]));
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** @returns undefined: it is none of ours, or lay in another place */
  open(place: string, sealed: Buffer): Opened | undefined {
    if (sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
    const head = sealed.subarray(0, HEAD_BYTES);
    const node = head.latin1Slice(1, 1 + NODE_BYTES);
    const number = head.readBigUInt64BE(1 + NODE_BYTES);
    if (number > Number.MAX_SAFE_INTEGER) return undefined;
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#keyOf(node), nonceOf(head), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.concat([head, Buffer.from(place, 'latin1')]));
    decipher.setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(HEAD_BYTES, end));
    try {
      decipher.final();
    } catch {
      return undefined; // another key, or somebody has changed it
    }
    return { node, number: Number(number), plain };
  }

  #keyOf(node: string): Buffer {
    const known = this.#keys.get(node);
    if (known) return known;
    const salt = Buffer.from(node, 'latin1');
    const key = Buffer.from(
      hkdfSync('sha256', this.#secret, salt, 'moat session store in redis 1', KEY_BYTES),
    );
    if (this.#keys.size === MOST_KEYS) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(node, key);
    return key;
  }
}

/** The number, behind four zeros. */
function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  head.copy(nonce, 4, 1 + NODE_BYTES, HEAD_BYTES);
  return nonce;
}
