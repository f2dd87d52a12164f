/** What strangers may write into objects: each word is read with the reason why it may not be. No text of theirs becomes syntax. */
import { PatternFault, translatePattern } from '#kit/pcre.ts';
import type { HeaderChange } from '#model/l7/kubernetes.ts';
import type { PathMatch } from '#model/l7/route.ts';
import type { Pattern } from '#model/template.ts';
import { quoted, Refusal, textOf, wholeOf } from '../discovery/answer.ts';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const MOST_HOST = 253;
const MOST_PATH = 1024;
const MOST_VALUE = 4096;
const MOST_PATTERN = 512;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;

/** Fields that make the framing of messages, or belong to one connection: who could write them could say where a message ends. */
const FRAMING = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** @returns lower case @throws {Refusal} */
export function hostOf(value: unknown, where: string): string {
  const host = textOf(value, where).toLowerCase();
  if (host.length <= MOST_HOST && HOST.test(host)) return host;
  throw new Refusal(`${where} "${quoted(host)}" is no host`);
}

/** @throws {Refusal} */
export function plainHostOf(value: unknown, where: string): string {
  const host = hostOf(value, where);
  if (host.startsWith('*')) throw new Refusal(`${where} may not have a wildcard`);
  return host;
}

/** Of a path that is compared with those of requests: decoded, as those are. @returns latin1 @throws {Refusal} */
export function pathOf(value: unknown, where: string): string {
  const path = textOf(value, where);
  const isGood = path.length <= MOST_PATH && /^\/[\x21-\x7e]*$/.test(path) && !/[?#]/.test(path);
  if (!isGood || /\/\/|\/\.\.?(?:\/|$)/.test(path) || /%2f/i.test(path))
    throw new Refusal(`${where} "${quoted(path)}" is no path in its plain form`);
  const decoded = decode(path, where);
  if (/[^\x20-\x7e\x80-\xff]/.test(decoded)) throw new Refusal(`${where} has control characters`);
  return decoded;
}

function decode(path: string, where: string): string {
  try {
    return Buffer.from(decodeURIComponent(path), 'utf8').toString('latin1');
  } catch {
    throw new Refusal(`${where} "${quoted(path)}" is badly encoded`); // the only fault that there is
  }
}

/** @throws {Refusal} */
export const prefixOf = (value: unknown, where: string): PathMatch & { readonly kind: 'prefix' } => ({
  kind: 'prefix',
  path: pathOf(value, where).replace(/\/$/, ''),
});

/** @param allowed whether the configuration lets objects have them @throws {Refusal} */
export function patternOf(value: unknown, where: string, allowed: boolean): Pattern {
  const text = textOf(value, where);
  if (!allowed)
    throw new Refusal(
      `${where} is a regular expression, which the configuration does not allow (allow_regex)`,
    );
  if (text.length > MOST_PATTERN || /[^\x20-\x7e]/.test(text))
    throw new Refusal(`${where} is longer than ${MOST_PATTERN} letters, or not of ASCII`);
  try {
    // All of a value has to match. Named groups would become variables.
    const { names, ...pattern } = translatePattern(`^(?:${text})$`);
    if (names.length > 0) throw new Refusal(`${where} has named groups`);
    return { ...pattern, names };
  } catch (fault) {
    if (fault instanceof PatternFault) throw new Refusal(`${where}: ${quoted(fault.message)}`);
    throw fault;
  }
}

/** @throws {Refusal} */
export function printableOf(value: unknown, where: string): string {
  const text = textOf(value, where);
  if (text.length <= MOST_VALUE && /^[\t\x20-\x7e]*$/.test(text)) return text;
  throw new Refusal(`${where} is longer than ${MOST_VALUE} letters, or not of printable ASCII`);
}

/** @throws {Refusal} */
export function tokenOf(value: unknown, where: string): string {
  const text = textOf(value, where);
  if (TOKEN.test(text)) return text;
  throw new Refusal(`${where} "${quoted(text)}" is no name of a header`);
}

/** @throws {Refusal} when it is a field that nobody but moat may write */
export function writableField(value: unknown, where: string): string {
  const name = tokenOf(value, where);
  if (FRAMING.has(name.toLowerCase())) throw new Refusal(`${where}: the field "${name}" is not for objects`);
  return name;
}

/** @throws {Refusal} */
export const portOf = (value: unknown, where: string): number => wholeOf(value, where, 1, 65_535);

/** Of a change that is read again. @throws {Refusal} */
export const changeOf = (name: unknown, value: unknown, adds: boolean, where: string): HeaderChange => ({
  name: writableField(name, `${where}.name`),
  value: value === undefined ? undefined : printableOf(value, `${where}.value`),
  adds,
});
