/** `t:htmlEntityDecode`: numeric character references, and the named ones that markup needs. */
import { type Cursor, replaceAt, type Transform } from './transform.ts';

const NAMED: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', nbsp: '\xa0' };

/** `&#DD;`, `&#xHH;` and `&name;`: the semicolon may be missing, as browsers let it. Sticky, so it copies nothing. */
const REFERENCE = /&(?:#[xX]([0-9a-fA-F]+)|#([0-9]+)|([0-9A-Za-z]+));?/y;

/** A number beyond what C's `long` holds is all ones there; its low byte is what counts. */
function lowByte(digits: string, base: 10 | 16): string {
  const number = BigInt(base === 16 ? `0x${digits}` : digits);
  return String.fromCharCode(number > 0x7fffffffffffffffn ? 0xff : Number(number & 0xffn));
}

/** BigInt of a megabyte of digits is quadratic; leading zeros apart, 20 digits are over the limit anyway. */
const clip = (digits: string): string => digits.replace(/^0+(?=.)/, '').slice(0, 20);

/** `#`, and what a known name begins with, in small letters. */
const STARTS = `#${Object.keys(NAMED)
  .map(name => name[0]!)
  .join('')}`;

function decodeReference(value: string, cursor: Cursor): string {
  // `#` has the bit of small letters, too.
  if (!STARTS.includes(String.fromCharCode(value.charCodeAt(cursor.at + 1) | 32))) {
    cursor.at++;
    return '&';
  }
  REFERENCE.lastIndex = cursor.at;
  const found = REFERENCE.exec(value);
  const [whole = '', hex, decimal, name] = found ?? [];
  const named = name === undefined ? undefined : NAMED[name.toLowerCase()];
  if (hex === undefined && decimal === undefined && named === undefined) {
    cursor.at++;
    return '&';
  }
  cursor.at += whole.length;
  if (hex !== undefined) return lowByte(clip(hex), 16);
  return decimal === undefined ? named! : lowByte(clip(decimal), 10);
}

export const htmlEntityDecode: Transform = {
  name: 'htmlEntityDecode',
  doc: 'Decodes &#DD; &#xHH; (low byte), &quot; &amp; &lt; &gt; &nbsp;, with or without the semicolon.',
  reactsTo: '&',
  run: value => replaceAt(value, '&', decodeReference),
};
