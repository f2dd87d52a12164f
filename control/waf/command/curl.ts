/** Reads a request off a command line of curl, or `GET https://host/path`. */
import { OptionFault } from '../../options.ts';

export interface WrittenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

/** Words as a POSIX shell would part them. @throws {OptionFault} when a quote is open */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const piece = /\s*((?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+)/gsy;
  let end = 0;
  for (let found = piece.exec(text); found; found = piece.exec(text)) {
    words.push(unquote(found[1]!));
    end = piece.lastIndex;
  }
  if (text.slice(end).trim() !== '') throw new OptionFault('a quote is not closed');
  return words;
}

const unquote = (word: string): string =>
  word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
    (_, single, double, escaped) =>
      single ?? (double === undefined ? escaped : double.replace(/\\(["\\$`])/g, '$1')),
  );

/** Options of curl that take a word, and what moat makes of them; undefined: nothing. */
const WITH_WORD: Readonly<Record<string, ((draft: Draft, word: string) => void) | undefined>> = {
  '-X': (draft, word) => void (draft.method = word),
  '-H': (draft, word) => void draft.headers.push(fieldOf(word)),
  '-A': (draft, word) => void draft.headers.push(['User-Agent', word]),
  '-e': (draft, word) => void draft.headers.push(['Referer', word]),
  '-b': (draft, word) => void draft.headers.push(['Cookie', word]),
  '-d': (draft, word) => addData(draft, word, '&'),
  '--json'(draft, word) {
    draft.type = 'application/json';
    addData(draft, word, '');
  },
  '--data-urlencode': (draft, word) => addData(draft, urlencoded(word), '&'),
  '-u': (draft, word) =>
    void draft.headers.push(['Authorization', `Basic ${Buffer.from(word).toString('base64')}`]),
  '-o': undefined,
  '-m': undefined,
  '-w': undefined,
  '--connect-timeout': undefined,
};
const LONG: Readonly<Record<string, string>> = {
  '--request': '-X',
  '--header': '-H',
  '--user-agent': '-A',
  '--referer': '-e',
  '--cookie': '-b',
  '--data': '-d',
  '--data-raw': '-d',
  '--data-binary': '-d',
  '--user': '-u',
  '--output': '-o',
  '--max-time': '-m',
  '--write-out': '-w',
};

interface Draft {
  method: string | undefined;
  url: string | undefined;
  headers: [string, string][];
  body: string | undefined;
  type: string;
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function addData(draft: Draft, word: string, joint: string): void {
  if (word.startsWith('@')) throw new OptionFault('data from files (@) is not read: write it out');
  draft.body = draft.body === undefined ? word : draft.body + joint + word;
}

function urlencoded(word: string): string {
  const equals = word.indexOf('=');
  const name = equals > 0 ? `${word.slice(0, equals)}=` : '';
  return name + encodeURIComponent(word.slice(equals + 1));
}

function readCurl(words: readonly string[]): Draft {
  const draft: Draft = {
    method: undefined,
    url: undefined,
    headers: [],
    body: undefined,
    type: 'application/x-www-form-urlencoded',
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const short =
      LONG[word] ?? (/^-[A-Za-z]./.test(word) && word.slice(0, 2) in WITH_WORD ? word.slice(0, 2) : word);
    if (short in WITH_WORD) {
      const value = short !== word && !(word in LONG) ? word.slice(2) : words[++at];
      if (value === undefined) throw new OptionFault(`${word} has no value`);
      WITH_WORD[short]?.(draft, value);
    } else if (!word.startsWith('-')) draft.url ??= word;
    else if (word === '-I' || word === '--head') draft.method = 'HEAD';
  }
  return draft;
}

const hasField = (headers: readonly (readonly [string, string])[], name: string): boolean =>
  headers.some(([key]) => key.toLowerCase() === name);

/** @throws {OptionFault} when it is neither */
export function readRequest(
  text: string,
  fields: readonly string[],
  data: string | undefined,
): WrittenRequest {
  const plain = /^(?:([A-Z]+)\s+)?(https?:\/\/\S+)$/.exec(text.trim());
  const words = shellWords(text);
  if (!plain && words[0] !== 'curl')
    throw new OptionFault(`write it as 'GET https://host/path', or as a command line of curl`);
  const draft = plain
    ? readCurl([...(plain[1] ? ['-X', plain[1]] : []), plain[2]!])
    : readCurl(words.slice(1));
  for (const field of fields) draft.headers.push(fieldOf(field));
  if (data !== undefined) addData(draft, data, '&');
  if (draft.url === undefined) throw new OptionFault('the request has no URL');
  return finish(draft, draft.url);
}

/** What curl sends of itself. */
function finish({ method, headers, body, type }: Draft, url: string): WrittenRequest {
  const all: [string, string][] = [...headers];
  if (!hasField(all, 'user-agent')) all.push(['User-Agent', 'curl/8.0']);
  if (!hasField(all, 'accept')) all.push(['Accept', '*/*']);
  if (body !== undefined && !hasField(all, 'content-type')) all.push(['Content-Type', type]);
  if (body !== undefined) all.push(['Content-Length', String(Buffer.byteLength(body, 'latin1'))]);
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    url: /^https?:\/\//.test(url) ? url : `http://${url}`,
    headers: all,
    body,
  };
}
