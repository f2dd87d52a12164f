/** The list of a folder as HTML, XML and JSON: byte for byte as nginx writes them, for programs read them too. */
import { escapeArgument } from '../wire/h1/uri.ts';
import type { FolderEntry } from './folder.ts';

export interface ListStyle {
  readonly exactSize: boolean;
  readonly localTime: boolean;
  /** Columns count characters, not bytes. */
  readonly utf8: boolean;
}

const EOL = '\r\n';
/** The width of the column of names, in characters. */
const NAME_COLUMNS = 50;
const MORE = '..&gt;';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** @param path of the folder, decoded */
export function htmlList(path: string, entries: readonly FolderEntry[], style: ListStyle): string {
  const title = `Index of ${escapeHtml(path)}`;
  const rows = entries.map(entry => htmlRow(entry, style) + EOL).join('');
  return [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<h1>${title}</h1><hr><pre><a href="../">../</a>`,
    `${rows}</pre><hr></body>`,
    `</html>${EOL}`,
  ].join(EOL);
}

function htmlRow(entry: FolderEntry, style: ListStyle): string {
  const slash = entry.kind === 'directory' ? '/' : '';
  const link = `<a href="${escapeArgument(entry.name)}${slash}">`;
  const size = style.exactSize ? exactSize(entry) : roundedSize(entry);
  return `${link}${nameColumn(entry.name, slash, style.utf8)} ${timeOf(entry.mtimeMs, style.localTime)} ${size}`;
}

function nameColumn(name: string, slash: string, utf8: boolean): string {
  const characters = utf8 ? Array.from(Buffer.from(name, 'latin1').toString()) : Array.from(name);
  const encoded = (count: number) => {
    const text = characters.slice(0, count).join('');
    return escapeHtml(utf8 ? Buffer.from(text).toString('latin1') : text);
  };
  if (characters.length > NAME_COLUMNS) return `${encoded(NAME_COLUMNS - MORE_COLUMNS)}${MORE}</a>`;
  const shown = characters.length < NAME_COLUMNS ? slash : '';
  return `${encoded(characters.length)}${shown}</a>${' '.repeat(NAME_COLUMNS - characters.length - shown.length)}`;
}

/** Of `..>`. */
const MORE_COLUMNS = 3;

function timeOf(ms: number, local: boolean): string {
  const zoneMs = local ? new Date(ms).getTimezoneOffset() * 60_000 : 0;
  const time = new Date(ms - zoneMs);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${two(time.getUTCDate())}-${MONTHS[time.getUTCMonth()]}-${time.getUTCFullYear()}`;
  return `${day} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
}

const exactSize = ({ kind, bytes }: FolderEntry) => (kind === 'directory' ? '-' : String(bytes)).padStart(19);

/** Bytes up to 9999, then rounded to K, M and G. */
function roundedSize({ kind, bytes }: FolderEntry): string {
  if (kind === 'directory') return '-'.padStart(7);
  if (bytes <= 9999) return String(bytes).padStart(7);
  const [unit, letter] = bytes < 1024 ** 2 ? ([1024, 'K'] as const) : LARGE[bytes < 1024 ** 3 ? 0 : 1];
  return `${Math.floor(bytes / unit + 0.5)}${letter}`.padStart(7);
}

const LARGE = [
  [1024 ** 2, 'M'],
  [1024 ** 3, 'G'],
] as const;

export function xmlList(entries: readonly FolderEntry[]): string {
  const rows = entries.map(({ name, kind, bytes, mtimeMs }) => {
    const time = new Date(mtimeMs).toISOString().replace(/\.\d+/, '');
    const size = kind === 'file' ? ` size="${bytes}"` : '';
    return `<${kind} mtime="${time}"${size}>${escapeHtml(name)}</${kind}>${EOL}`;
  });
  return `<?xml version="1.0"?>${EOL}<list>${EOL}${rows.join('')}</list>${EOL}`;
}

export function jsonList(entries: readonly FolderEntry[]): string {
  const rows = entries.map(({ name, kind, bytes, mtimeMs }) => {
    const size = kind === 'file' ? `, "size":${bytes}` : '';
    return `{ "name":"${escapeJson(name)}", "type":"${kind}", "mtime":"${new Date(mtimeMs).toUTCString()}"${size} }`;
  });
  return `[${rows.map(row => EOL + row).join(',')}${EOL}]`;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
};

function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, char => HTML_ESCAPES[char]!);
}

/** Bytes above 127 stay as they are: names are UTF-8 in most places. */
function escapeJson(text: string): string {
  return text.replace(/["\\\0-\x1f]/g, char => JSON.stringify(char).slice(1, -1));
}
