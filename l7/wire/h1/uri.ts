/** Request targets: split, decoded and normalised as nginx does it (RFC 3986 §5.2.4, §6.2.2). */

export interface RequestUri {
  /** The decoded, normalised path. */
  path: string;
  /** What follows the first `?`, without it; '' when there is none. */
  args: string;
  hasArgs: boolean;
  /** From an absolute-form target: host and port as written. */
  authority: string | undefined;
}

/** Characters after which a path can not be taken as it is. */
const SPECIAL = /[%?]|\/\/|\/\./;

/**
 * @param target origin-form or absolute-form
 * @param mergeSlashes `merge_slashes`: several slashes count as one
 * @returns undefined when the target is malformed: no path, a bad escape, `%00`, or above the root
 */
export function parseTarget(target: string, mergeSlashes: boolean): RequestUri | undefined {
  if (target.charCodeAt(0) !== 47) return parseAbsolute(target, mergeSlashes);
  if (!SPECIAL.test(target)) return { path: target, args: '', hasArgs: false, authority: undefined };
  return parsePath(target, mergeSlashes, undefined);
}

function parseAbsolute(target: string, mergeSlashes: boolean): RequestUri | undefined {
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?]+)(.*)$/s.exec(target);
  if (!match) return undefined;
  const path = match[2]!;
  return parsePath(path.startsWith('/') ? path : `/${path}`, mergeSlashes, match[1]);
}

function parsePath(
  target: string,
  mergeSlashes: boolean,
  authority: string | undefined,
): RequestUri | undefined {
  const question = target.indexOf('?');
  const raw = question === -1 ? target : target.slice(0, question);
  const args = question === -1 ? '' : target.slice(question + 1);
  const path = normalisePath(raw, mergeSlashes);
  return path === undefined ? undefined : { path, args, hasArgs: question !== -1, authority };
}

/** Decodes escapes and resolves `.` and `..`. @returns undefined on a bad escape, a zero byte, or a climb above the root */
export function normalisePath(raw: string, mergeSlashes: boolean): string | undefined {
  const decoded = raw.includes('%') ? percentDecode(raw) : raw;
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  if (!decoded.includes('/.') && !(mergeSlashes && decoded.includes('//'))) return decoded;
  const out: string[] = [];
  const segments = decoded.split('/');
  for (let at = 1; at < segments.length; at++) {
    const segment = segments[at]!;
    const last = at === segments.length - 1;
    if (segment === '' && !last && mergeSlashes) continue;
    if (segment === '.') {
      if (last) out.push('');
    } else if (segment === '..') {
      if (out.length === 0) return undefined;
      out.pop();
      if (last) out.push('');
    } else out.push(segment);
  }
  return `/${out.join('/')}`;
}

/** Each `%XX` becomes its byte. @returns undefined when an escape is incomplete */
export function percentDecode(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const hexByte = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

const UNSAFE_IN_PATH = /[\0-\x20"#%<>?\\^`{|}\x7f-\xff]/;
const ALL_UNSAFE_IN_PATH = new RegExp(UNSAFE_IN_PATH, 'g');

/** Escapes what may not stand in the path of a request (RFC 3986 §3.3), and `%`; what is `?` in the path is no query. */
export function escapePath(path: string): string {
  return UNSAFE_IN_PATH.test(path) ? path.replace(ALL_UNSAFE_IN_PATH, hexByte) : path;
}

const CAPTURE_FORBIDDEN = /[\0-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/g;

/** Escapes a piece of a decoded path that becomes part of the arguments, as nginx does for captures. */
export function escapeCapture(text: string): string {
  return text.replace(CAPTURE_FORBIDDEN, hexByte);
}

/**
 * Undoes escapes that a redirect's target needs no more, up to the first `?`: those of `&` to `~`. Others stay, and as
 * in nginx a broken one loses its `%`.
 */
export function unescapeRedirect(target: string): string {
  if (!target.includes('%')) return target;
  let out = '';
  let at = 0;
  for (; at < target.length; at++) {
    const char = target[at]!;
    if (char === '?') break;
    if (char !== '%') {
      out += char;
      continue;
    }
    const hex = /^[0-9A-Fa-f]{2}/.exec(target.slice(at + 1, at + 3))?.[0];
    if (hex === undefined) {
      // The digit that stood alone goes too, with what followed it.
      at += /^[0-9A-Fa-f]/.test(target.slice(at + 1, at + 2)) ? 2 : 0;
      continue;
    }
    const code = Number.parseInt(hex, 16);
    const plain = code > 0x25 && code < 0x7f;
    out += plain ? String.fromCharCode(code) : `%${hex}`;
    at += 2;
    if (plain && code === 0x3f) {
      at++;
      break;
    }
  }
  return out + target.slice(at);
}

/** Escapes a value for use as an argument. */
export function escapeArgument(text: string): string {
  return text.replace(/[^A-Za-z0-9._~-]/g, hexByte);
}
