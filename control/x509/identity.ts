/** By what an authority knows a certificate of its own: the identifier of its key, and the serial number. Read from DER. */

/** Contents of elements, without tag and length. */
export interface CertificateIdentity {
  readonly authorityKey: Buffer;
  /** With the zero before it where the first bit is set. */
  readonly serial: Buffer;
}

const TAG = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  version: 0xa0,
  extensions: 0xa3,
  keyIdentifier: 0x80,
} as const;
/** 2.5.29.35 */
const AUTHORITY_KEY = Buffer.of(0x55, 0x1d, 0x23);
const MOST_ELEMENTS = 256;

interface Element {
  readonly tag: number;
  readonly body: Buffer;
}

/** @param der a whole certificate @returns undefined where it does not say, or cannot be read */
export function identityOf(der: Buffer): CertificateIdentity | undefined {
  const [certificate] = elementsOf(der);
  const [body] = certificate ? elementsOf(certificate.body) : [];
  const parts = body ? elementsOf(body.body) : [];
  const serial = parts.find(({ tag }) => tag === TAG.integer)?.body;
  const wrapped = parts.find(({ tag }) => tag === TAG.extensions)?.body;
  const [list] = wrapped ? elementsOf(wrapped) : [];
  const authorityKey = list && authorityKeyIn(list.body);
  return serial && authorityKey && { serial, authorityKey };
}

function authorityKeyIn(extensions: Buffer): Buffer | undefined {
  for (const { body } of elementsOf(extensions)) {
    const parts = elementsOf(body);
    if (!parts[0]?.body.equals(AUTHORITY_KEY)) continue;
    const value = parts.find(({ tag }) => tag === TAG.octets);
    const [content] = value ? elementsOf(value.body) : [];
    return content && elementsOf(content.body).find(({ tag }) => tag === TAG.keyIdentifier)?.body;
  }
  return undefined;
}

/** Those that lie side by side; none where the bytes are no DER. Lengths up to 65535 bytes. */
function elementsOf(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1];
    if (first === undefined || first > 0x82 || first === 0x80 || found.length === MOST_ELEMENTS) return [];
    const extra = first > 0x80 ? first - 0x80 : 0;
    if (at + 2 + extra > bytes.length) return [];
    const length = extra === 0 ? first : bytes.readUIntBE(at + 2, extra);
    const from = at + 2 + extra;
    if (from + length > bytes.length) return [];
    found.push({ tag: bytes[at]!, body: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return found;
}
