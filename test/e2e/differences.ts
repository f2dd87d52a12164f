/** Where moat may answer otherwise than Debian's nginx 1.22: each difference with its reason, and nothing else. */
import type { Answers } from './answers.ts';

/** How moat's answer follows from nginx's in the cases named. */
export type Difference = {
  readonly reason: string;
  /** Held against `site group METHOD target`. */
  readonly cases: RegExp;
  /** Held against the name of the line: `status`, `header Server`, `body`. */
  readonly line: RegExp;
  /** nginx's line (undefined: it sent none) and its whole answer → the line that moat owes. */
  readonly owed: (nginx: string | undefined, answer: Answers) => string | undefined;
};

/** The reason phrases of RFC 9110 where nginx's are older ones. */
const PHRASES: Readonly<Record<string, string>> = {
  '302 Moved Temporarily': '302 Found',
  '405 Not Allowed': '405 Method Not Allowed',
  '408 Request Time-out': '408 Request Timeout',
  '413 Request Entity Too Large': '413 Content Too Large',
  '414 Request-URI Too Large': '414 URI Too Long',
  '416 Requested Range Not Satisfiable': '416 Range Not Satisfiable',
  '503 Service Temporarily Unavailable': '503 Service Unavailable',
  '504 Gateway Time-out': '504 Gateway Timeout',
};

/** nginx's own page for a status, or undefined when the body is something else. */
const builtIn = (body: string | undefined) =>
  /^<html>\r\n<head><title>([^<]*)<\/title><\/head>\r\n<body>\r\n(.*\r\n)+<hr><center>nginx(?:\/[\d.]+)?<\/center>\r\n<\/body>\r\n<\/html>\r\n(?:<!-- .* -->\r\n)*$/.exec(
    body ?? '',
  )?.[1];

/** moat's page in its place. */
const page = (title: string) => {
  const text = PHRASES[title] ?? title;
  return `<!doctype html>\n<title>${text}</title>\n<h1>${text}</h1>\n<hr>moat\n`;
};

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'Reason phrases are those of RFC 9110',
    cases: /./,
    line: /status$/,
    owed: status => {
      const phrase = status?.slice(9) ?? '';
      return PHRASES[phrase] === undefined ? status : `${status!.slice(0, 9)}${PHRASES[phrase]}`;
    },
  },
  {
    reason: 'The pages that moat makes for an error are its own',
    cases: /./,
    line: /body$/,
    owed: body => {
      const title = builtIn(body);
      return title === undefined ? body : page(title);
    },
  },
  {
    reason: 'The pages that moat makes for an error are its own, and so is their length',
    cases: /./,
    line: /header Content-Length$/,
    owed: (length, answer) => {
      const title = builtIn(answer.get('body'));
      return title === undefined ? length : String(page(title).length);
    },
  },
  {
    reason:
      'Since nginx 1.29.7 no "Connection: close" goes to a server: connections to it are kept by default',
    cases: /./,
    line: /^body$/,
    owed: body => body?.replace(/^ {2}"Connection: close",\n/m, ''),
  },
  {
    reason: 'Since nginx 1.29.7 servers are asked in HTTP/1.1 by default',
    cases: /./,
    line: /^body$/,
    owed: body => body?.replace(/^( "start": "[^"]+ HTTP)\/1\.0",$/m, '$1/1.1",'),
  },
];
