/** Which answer of a connection goes first (RFC 9218): the Priority field, a dictionary of RFC 8941. */

/** Urgency 3, not incremental. A priority is `urgency * 2`, and one more for incremental: the lower goes first. */
export const DEFAULT_PRIORITY = 6;

const MOST_MEMBERS = 1024;
const MOST_STRING = 1024;
const MOST_TOKEN = 512;
/** 16 384 bytes, which RFC 8941 asks for. */
const MOST_BASE64 = 21_848;

const KEY = '[a-z*][a-z0-9_.*-]*';
const ITEM = [
  String.raw`-?(?:\d{1,15}(?![\d.])|\d{1,12}\.\d{1,3}(?!\d))`,
  String.raw`"(?:[ !#-\[\]-~]|\\["\\]){0,${MOST_STRING}}"`,
  String.raw`[A-Za-z*][!#$%&'*+.^\x60|~\w:/-]{0,${MOST_TOKEN - 1}}(?![!#$%&'*+.^\x60|~\w:/-])`,
  `:(?![^:]{${MOST_BASE64 + 1}})(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?:`,
  String.raw`\?[01]`,
].join('|');
const PARAMETERS = `(?:; *${KEY}(?:=(?:${ITEM}))?)*`;
const LIST = `\\( *(?:(?:${ITEM})${PARAMETERS}(?: +(?:${ITEM})${PARAMETERS})*)? *\\)`;
const MEMBER = new RegExp(`(${KEY})(?:=(${ITEM}|${LIST}))?${PARAMETERS}`, 'y');
const SEPARATOR = /[ \t]*,[ \t]*/y;

/**
 * @param text the value of the field; its lines joined by commas
 * @param base what holds for parameters that are not there
 * @returns undefined when it is no dictionary: then nothing of it counts
 */
export function priorityOf(text: string, base: number = DEFAULT_PRIORITY): number | undefined {
  let urgency: string | undefined;
  let incremental: string | undefined;
  let at = /^ */.exec(text)![0].length;
  const end = text.trimEnd().length;
  for (let members = 0; at < end; members++) {
    MEMBER.lastIndex = at;
    const member = MEMBER.exec(text);
    if (!member || members === MOST_MEMBERS) return undefined;
    // A key without a value is true; of one key twice the last counts.
    const value = member[2] ?? '?1';
    if (member[1] === 'u') urgency = value;
    else if (member[1] === 'i') incremental = value;
    at = MEMBER.lastIndex;
    if (at >= end) break;
    SEPARATOR.lastIndex = at;
    if (!SEPARATOR.test(text) || SEPARATOR.lastIndex >= end) return undefined;
    at = SEPARATOR.lastIndex;
  }
  return (urgencyOf(urgency) ?? base >> 1) * 2 + (bitOf(incremental) ?? base & 1);
}

/** Values of other types and out of range do not count (RFC 9218 §4). */
const urgencyOf = (value: string | undefined) =>
  value !== undefined && /^[0-7]$/.test(value) ? Number(value) : undefined;

const bitOf = (value: string | undefined) => (value === '?1' ? 1 : value === '?0' ? 0 : undefined);
