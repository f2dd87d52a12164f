/** Takes secrets that stand in a configuration out of its text. Those in files of their own are not in it. */
import { secretPlaces } from '#config';

export const HIDDEN = '***';

const places = secretPlaces();
/** keepalived's word for a password, which is no directive of moat and slips into files all the same. */
const FOREIGN = ['auth_pass'];
const VALUE = `("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|[^\\s;]+)`;
const named = (names: readonly string[]) => `(${[...names].sort((a, b) => b.length - a.length).join('|')})`;

/** Directives whose first word is a secret, unless it says `file:`. */
const SECRET_LINES = new RegExp(
  `((?:^|[;{}\\n#])\\s*["']?)${named([...places.directives, ...FOREIGN])}(["']?\\s+)${VALUE}`,
  'g',
);
/** One parameter of a name is as secret as another of it. */
const SECRET_PARAMETERS = new RegExp(
  `\\b${named([...new Set([...places.parameters, 'secret', 'password', 'pass', 'token'])])}=("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|[^\\s;"']+)`,
  'g',
);
/** Addresses of chats let anybody write there. */
const CHANNEL_URLS =
  /(\bnotify\s+(?:webhook|slack|wecom|feishu|dingtalk)\s+)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;]+)/g;
/** `data:` in the place of a file. */
const DATA_KEYS = /(ssl_certificate_key\s+)("data:[^"]*"|'data:[^']*'|data:[^;]*)/g;
const SECRET_FIELDS =
  /((?:proxy_set_header|add_header)\s+(?:authorization|proxy-authorization|cookie|x-api-key)\s+)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;]+)/gi;
const USERS_OF_URLS = /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/@"';]+@/gi;

/** A path, or a variable alone. */
const isNone = (word: string): boolean => /^["']?(file:.*|\$\w+|\$\{\w+\})["']?$/.test(word);

/** @param text of a configuration file */
export function withoutSecrets(text: string): string {
  return text
    .replace(SECRET_LINES, (line, before, name, blank, value) =>
      isNone(value) ? line : `${before}${name}${blank}${HIDDEN}`,
    )
    .replace(SECRET_PARAMETERS, (parameter, name, value) => (isNone(value) ? parameter : `${name}=${HIDDEN}`))
    .replace(CHANNEL_URLS, `$1${HIDDEN}`)
    .replace(DATA_KEYS, `$1${HIDDEN}`)
    .replace(SECRET_FIELDS, `$1${HIDDEN}`)
    .replace(USERS_OF_URLS, `$1${HIDDEN}@`);
}
