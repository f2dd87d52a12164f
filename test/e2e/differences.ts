/** Where moat may answer otherwise than Debian's nginx 1.22: each difference with its reason, and nothing else. */
import { VERSION } from '#kit/version.ts';
import type { Answers } from './answers.ts';

/** How moat's answer follows from nginx's in the cases named. */
export type Difference = {
  readonly reason: string;
  /** Held against `site group METHOD target {options}`; every case unless told. */
  readonly cases?: RegExp;
  /** nginx's lines → the lines that moat owes; the same object when the difference does not apply. */
  readonly owed: (nginx: Answers) => Answers;
};

/** A difference of one kind of line. */
const inLine =
  (name: RegExp, change: (text: string, all: Answers, name: string) => string | undefined) =>
  (nginx: Answers): Answers => {
    const owed = new Map(nginx);
    for (const [line, text] of nginx) {
      if (!name.test(line)) continue;
      const changed = change(text, nginx, line);
      if (changed === undefined) owed.delete(line);
      else owed.set(line, changed);
    }
    return owed;
  };

/** A difference in the body, and so in its length. */
const inBody =
  (change: (body: string) => string) =>
  (nginx: Answers): Answers => {
    const body = nginx.get('body') ?? '';
    const changed = change(body);
    const length = 'header Content-Length';
    const known =
      nginx.get(length) === String(body.length) ? [[length, String(changed.length)] as const] : [];
    return changed === body ? nginx : new Map([...nginx, ['body', changed] as const, ...known]);
  };

/** nginx's words for its own code 494, which it sends as 400. */
const TOO_LARGE = '400 Request Header Or Cookie Too Large';

/** Names of statuses in RFC 9110 (and 6585) where nginx has others. */
const PHRASES: Readonly<Record<string, string>> = {
  '302 Moved Temporarily': '302 Found',
  '401 Authorization Required': '401 Unauthorized',
  '405 Not Allowed': '405 Method Not Allowed',
  '408 Request Time-out': '408 Request Timeout',
  '413 Request Entity Too Large': '413 Content Too Large',
  '414 Request-URI Too Large': '414 URI Too Long',
  '416 Requested Range Not Satisfiable': '416 Range Not Satisfiable',
  '503 Service Temporarily Unavailable': '503 Service Unavailable',
  '504 Gateway Time-out': '504 Gateway Timeout',
  [TOO_LARGE]: '431 Request Header Fields Too Large',
};

const BUILT_IN =
  /^<html>\r\n<head><title>([^<]*)<\/title><\/head>\r\n<body>\r\n(?:.*\r\n)+?<hr><center>nginx(\/[\d.]+)?<\/center>\r\n<\/body>\r\n<\/html>\r\n(?:<!-- .* -->\r\n)*$/;

/** The status and words of a page that nginx made itself, or undefined when the body is something else. */
const builtIn = (body: string | undefined) => BUILT_IN.exec(body ?? '')?.[1];

/** moat's page in its place. @param token what it is signed with: the version too, unless server_tokens is off */
const page = (title: string, token = 'moat') => {
  const text = PHRASES[title] ?? title;
  return `<!doctype html>\n<title>${text}</title>\n<h1>${text}</h1>\n<hr>${token}\n`;
};

/** moat's page in the place of one of nginx's. */
const pageFor = (body: string) => {
  const [, title = '', version] = BUILT_IN.exec(body) ?? [];
  return page(title, version === undefined ? 'moat' : `moat/${VERSION}`);
};

/** A request that moat refuses where nginx does not. */
const refused = (title: string): Map<string, string> =>
  new Map([
    ['status', `HTTP/1.1 ${title}`],
    ['header Server', '{program}'],
    ['header Date', '{now}'],
    ['header Content-Type', 'text/html'],
    ['header Content-Length', String(page(title).length)],
    ['header Connection', 'close'],
    ['body', page(title)],
  ]);

const MISDIRECTED = page('421 Misdirected Request', `moat/${VERSION}`);

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'HTTP/0.9 is not spoken: a request line without a version is refused with a whole answer',
    cases: / odd no version/,
    owed: () => refused('400 Bad Request'),
  },
  {
    reason: 'A line of the head without a colon is refused: parsers disagree about it (RFC 9112 §5.1)',
    cases: / odd a line without colon/,
    owed: () => refused('400 Bad Request'),
  },
  {
    reason:
      'A target with a fragment is refused: none has one (RFC 9112 §3.2), and parsers disagree where the path ends',
    cases: / paths GET \S*#/,
    owed: () => refused('400 Bad Request'),
  },
  {
    reason: 'CONNECT is refused as a method, as nginx does since 1.21.1 in a well-formed request',
    cases: / odd CONNECT/,
    owed: () =>
      refused('405 Method Not Allowed').set('header Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'),
  },
  {
    reason: 'A head that is too large is answered by 431 (RFC 6585), not by 400',
    owed: inLine(/^status$/, (status, all) =>
      builtIn(all.get('body')) === TOO_LARGE ? `HTTP/1.1 ${PHRASES[TOO_LARGE]}` : status,
    ),
  },
  {
    reason: 'A head that is refused is answered by the default server, whichever name it holds',
    cases: / odd | hosts .*"Host":\[| paths GET HTTP:.*"host":null/,
    owed: inLine(/header X-Content-Type-Options$/, () => undefined),
  },
  {
    reason: 'A body broken from the start is refused before a location is looked for',
    cases: / odd a bad chunk size/,
    owed: nginx => {
      const { 'header X-Served-By': _, ...owed } = Object.fromEntries(nginx);
      return new Map(Object.entries({ ...owed, 'header X-Content-Type-Options': 'nosniff' }));
    },
  },
  {
    reason:
      'A 416 carries what errors carry; nginx has added what belongs to a 200 before it looks at the ranges',
    cases: / ranges /,
    owed: nginx =>
      nginx.get('status')?.includes(' 416 ')
        ? inLine(/Content-Disposition|X-Range/, () => undefined)(nginx)
        : nginx,
  },
  {
    reason: 'A 405 says what is allowed (RFC 9110 §15.5.6), where moat itself refuses the method',
    owed: nginx => {
      if (!nginx.get('status')?.includes(' 405 ') || builtIn(nginx.get('body')) === undefined) return nginx;
      return new Map([...nginx, ['header Allow', 'GET, HEAD']]);
    },
  },
  {
    reason: 'TRACE is refused whatever the resource takes',
    cases: / TRACE /,
    owed: inLine(/header Allow$/, () => 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'),
  },
  {
    reason: 'Names of statuses are those of RFC 9110',
    owed: inLine(/status$/, status => {
      const phrase = PHRASES[status.slice(9)];
      return phrase === undefined ? status : status.slice(0, 9) + phrase;
    }),
  },
  {
    reason: 'The pages that moat makes for a status are its own',
    owed: inLine(/body$|header Content-Length$/, (text, all, name) => {
      const body = all.get(name.replace(/header Content-Length$/, 'body'));
      if (body === undefined || builtIn(body) === undefined) return text;
      return name.endsWith('body') ? pageFor(body) : String(pageFor(body).length);
    }),
  },
  {
    reason:
      'No 100 Continue when nothing is to be waited for: there is no body, or it has come (RFC 9110 §10.1.1)',
    cases: /"Expect":"100-continue"/,
    owed: inLine(/^interim /, () => undefined),
  },
  {
    reason:
      'Since nginx 1.29.7 no "Connection: close" goes to a server: connections to it are kept by default',
    owed: inBody(body => body.replace(/^ {2}"Connection: close",\n/m, '')),
  },
  {
    reason: 'Since nginx 1.23.0 variables like $http_x hold all fields of that name, joined',
    cases: / GET \/tell.*"X-Tell":\["one","two"\]/,
    owed: inBody(body => body.replace('|one|', '|one, two|')),
  },
  {
    reason: 'A tab at the end of a value is optional white space (RFC 9112 §5), not part of it',
    cases: / GET \/tell.*"X-TELL":" spaced/,
    owed: inBody(body => body.replace('|spaced \t|', '|spaced|')),
  },
  {
    reason: 'Proxy-Connection is not passed on: it is Connection under another name (RFC 9110 §7.6.1)',
    cases: /"Proxy-Connection"/,
    owed: inBody(body => body.replace('  "Proxy-Connection: x",\n', '')),
  },
  {
    reason: '$request_length holds what has come, and a short body comes with its head',
    cases: / POST \/tell/,
    owed: inBody(body => body.replace('|104|', '|107|')),
  },
  {
    reason: 'An unbuffered body that came in chunks goes on in chunks, even when all of it is there already',
    cases: /POST \/upload\/.*"Transfer-Encoding":"chunked"/,
    owed: inBody(body =>
      body.replace(
        /^ {2}"Content-Length: \d+",\n((?:.*\n)*?.*Host: [^"]+")/m,
        '$1,\n  "Transfer-Encoding: chunked"',
      ),
    ),
  },
  {
    reason:
      'The page for 413 is also sent when the chunks of a body grow too large; nginx sends its own page then',
    cases: /POST \/upload\/kept\/a .*Transfer-Encoding/,
    owed: nginx =>
      nginx.get('status')?.includes(' 413 ')
        ? new Map([
            ...nginx,
            ['header Content-Length', '68'],
            ['header ETag', '"66375d6e-44"'],
            ['body', '<!doctype html>\n<title>Too large</title>\n<p>We take 64 KB here.</p>\n'],
          ])
        : nginx,
  },
  {
    reason: 'The order of attributes of a cookie is free (RFC 6265 §5.2): flags that are set stand together',
    cases: / legacy .*\/cookies/,
    owed: inLine(/Set-Cookie/, cookies =>
      cookies.replace('; HttpOnly; Secure; SameSite=Lax', '; Secure; HttpOnly; SameSite=Lax'),
    ),
  },
  {
    reason:
      'A server whose answer has two lengths, a length and chunks, or no HTTP version is at fault: 502 (nginx since 1.23)',
    cases: / failures GET \/broken\/(?:lengths|both|version)/,
    owed: nginx =>
      new Map([
        ['status', 'HTTP/1.1 502 Bad Gateway'],
        ['header Server', '{program}/{version}'],
        ['header Date', '{now}'],
        ['header Content-Type', 'text/plain'],
        ['header Content-Length', '21'],
        ['header Connection', 'close'],
        ['header Retry-After', '5'],
        ['body', 'The program is away.\n'],
        ...[...nginx].filter(([name]) => name.startsWith('header X-')),
      ]),
  },
  {
    reason:
      'A server that asks for certificates is not reached by the greeting of another name, known or not: 421',
    cases: / access GET \/certificate .*"sni":"unknown/,
    owed: nginx =>
      new Map([
        ...nginx,
        ['status', 'HTTP/1.1 421 Misdirected Request'],
        ['header Content-Type', 'text/html'],
        ['header Content-Length', String(MISDIRECTED.length)],
        ['body', MISDIRECTED],
      ]),
  },
];
