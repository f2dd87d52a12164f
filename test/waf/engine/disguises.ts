/** One attack in many disguises: where servers look for a value, in what they decode it from, and what only lenient ones take. */

export interface Disguised {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const AGENT = ['Host', 'shop.example', 'User-Agent', 'Mozilla/5.0', 'Accept', '*/*'];
const FORM = 'application/x-www-form-urlencoded';

const code = (char: string): number => char.charCodeAt(0);
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const each = (text: string, make: (char: string) => string): string => [...text].map(make).join('');
const percent = (text: string): string => each(text, char => `%${hex(code(char), 2)}`);
const overlong = (text: string): string =>
  each(text, char => `%${hex(0xc0 | (code(char) >> 6), 2)}%${hex(0x80 | (code(char) & 63), 2)}`);
const longer = (text: string): string =>
  each(text, char => `%e0%${hex(0x80 | (code(char) >> 6), 2)}%${hex(0x80 | (code(char) & 63), 2)}`);
const escapeXml = (text: string): string => each(text, char => `&#${code(char)};`);
const wide = (text: string): string =>
  each(text, char => (/[!-~]/.test(char) ? `%u${hex(code(char) + 0xfee0, 4)}` : '%20'));

const got = (target: string, ...headers: string[]): Disguised => ({
  method: 'GET',
  target,
  headers: [...AGENT, ...headers],
  body: '',
});
const sent = (type: string | undefined, body: string, method = 'POST'): Disguised => ({
  method,
  target: '/x',
  headers: type === undefined ? AGENT : [...AGENT, 'Content-Type', type],
  body,
});
const part = (value: string, disposition = 'name="a"', more = ''): string =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\n${value}\r\n--b--\r\n`;
const multipart = (body: string, parameters = '; boundary=b') =>
  sent(`multipart/form-data${parameters}`, body);
const json = (body: string, type = 'application/json') => sent(type, body);

/** By name. All of them must be refused, as an attack or as what no honest client sends. */
export const DISGUISES: Readonly<Record<string, (attack: string) => Disguised>> = {
  'a value of the query': text => got(`/?a=${percent(text)}`),
  'encoded twice': text => got(`/?a=${percent(percent(text))}`),
  '%uHHHH': text => got(`/?a=${each(text, char => `%u${hex(code(char), 4)}`)}`),
  'full-width letters as %uHHHH': text => got(`/?a=${wide(text)}`),
  'overlong UTF-8, two bytes': text => got(`/?a=${overlong(text)}`),
  'overlong UTF-8, three bytes': text => got(`/?a=${longer(text)}`),
  'a name of the query': text => got(`/?${percent(text)}=1`),
  'the first of two of one name': text => got(`/?a=${percent(text)}&a=1`),
  'the second of two of one name': text => got(`/?a=1&a=${percent(text)}`),
  'the second of three, as an array': text => got(`/?a[]=1&a[]=${percent(text)}&a[]=2`),
  'behind a semicolon': text => got(`/?b=1;a=${percent(text)}`),
  'a path': text => got(`/x/${percent(text)}`),
  'a cookie': text => got('/', 'Cookie', `a=1; b=${text.replaceAll(';', '%3b')}`),
  'NUL inside': text => got(`/?a=${percent(text.slice(0, 1))}%00${percent(text.slice(1))}`),
  'letters of mixed case': text =>
    got(`/?a=${percent(each(text, char => (code(char) % 2 ? char.toUpperCase() : char.toLowerCase())))}`),
  'a form': text => sent(FORM, `a=${percent(text)}`),
  'a form, the type in capitals': text => sent(FORM.toUpperCase(), `a=${percent(text)}`),
  'a form with a character set': text => sent(`${FORM}; charset=utf-8`, `a=${percent(text)}`),
  'a form, and another type behind a comma': text => sent(`${FORM}, text/plain`, `a=${percent(text)}`),
  'a form as plain text': text => sent('text/plain', `a=${percent(text)}`),
  'a form as bytes': text => sent('application/octet-stream', `a=${percent(text)}`),
  'a form without a type': text => sent(undefined, `a=${percent(text)}`),
  'a form as JSON': text => sent('application/json', `a=${percent(text)}`),
  'a form as XML': text => sent('text/xml', `a=${percent(text)}`),
  'a form with two types': text => {
    const { headers, ...rest } = sent('text/plain', `a=${percent(text)}`);
    return { ...rest, headers: [...headers, 'Content-Type', FORM] };
  },
  'a form by PUT': text => sent(FORM, `a=${percent(text)}`, 'PUT'),
  JSON: text => json(JSON.stringify({ a: text })),
  'JSON in escapes': text => json(`{"a":"${each(text, char => `\\u${hex(code(char), 4)}`)}"}`),
  'a name in JSON': text => json(JSON.stringify({ [text]: 1 })),
  'JSON, deep': text => json(JSON.stringify({ a: [[{ b: [{ c: text }] }]] })),
  'JSON with a name twice': text => json(`{"a":"1","a":${JSON.stringify(text)}}`),
  'JSON behind a byte order mark': text => json(`\xef\xbb\xbf${JSON.stringify({ a: text })}`),
  'JSON of an application': text => json(JSON.stringify({ a: text }), 'application/vnd.api+json'),
  'JSON as text': text => json(JSON.stringify({ a: text }), 'text/plain'),
  'JSON that is no more than a text': text => json(JSON.stringify(text)),
  'JSON and rubbish': text => json(`{"a":1}${JSON.stringify(text)}`),
  XML: text => sent('text/xml', `<a><b>${escapeXml(text)}</b></a>`),
  'an attribute in XML': text => sent('application/xml', `<a b="${escapeXml(text)}"/>`),
  CDATA: text => sent('application/soap+xml', `<a><![CDATA[${text}]]></a>`),
  'CDATA in two pieces': text =>
    sent('application/xml', `<a><![CDATA[${text.slice(0, 5)}]]><![CDATA[${text.slice(5)}]]></a>`),
  'XML around a comment': text =>
    sent('application/xml', `<a>${escapeXml(text.slice(0, 5))}<!-- x -->${escapeXml(text.slice(5))}</a>`),
  "an entity of one's own": text =>
    sent('text/xml', `<!DOCTYPE a [<!ENTITY e "${escapeXml(text)}">]><a>&e;</a>`),
  multipart: text => multipart(part(text)),
  'multipart, the boundary in quotes': text => multipart(part(text), '; boundary="b"'),
  'multipart with a character set': text => multipart(part(text), '; boundary=b; charset=utf-8'),
  'multipart with two boundaries': text => multipart(part(text), '; boundary=c; boundary=b'),
  'multipart with a boundary in pieces': text => multipart(part(text), '; boundary*0=c; boundary=b'),
  'multipart in lines of LF': text => multipart(part(text).replaceAll('\r\n', '\n')),
  'multipart without its end': text => multipart(part(text).replace('--b--\r\n', '')),
  'multipart behind another type': text => sent('multipart/mixed; boundary=b', part(text)),
  'multipart, a file without a name': text => multipart(part(text, 'name="a"; filename=""')),
  'multipart, in base64': text =>
    multipart(part(btoa(text), 'name="a"', 'Content-Transfer-Encoding: base64\r\n')),
  'multipart, before the first boundary': text => multipart(`a=${text}\r\n${part('x')}`),
  'multipart, behind the last boundary': text => multipart(`${part('x')}a=${text}`),
};
