/** Where moat and libmodsecurity 3.0.9 part: each difference with its reason (docs/reference/waf-differences.md). */

import { isUtf8 } from 'node:buffer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Seen } from './live.ts';

export interface Parted {
  readonly wire: string;
  readonly ours: Seen;
  readonly theirs: Seen;
  /** Rules that matched here only, and there only. */
  readonly onlyOurs: readonly number[];
  readonly onlyTheirs: readonly number[];
}

interface Reason {
  readonly text: string;
  covers(id: number, side: 'ours' | 'theirs', parted: Parted): boolean;
}

/** The text of a rule as it stands in its file, with those that are chained to it. */
export const RULE_FOLDER = '/usr/share/modsecurity-crs/rules';
const RULES = existsSync(RULE_FOLDER) ? readRules(RULE_FOLDER) : new Map<number, string>();

function readRules(folder: string): ReadonlyMap<number, string> {
  const rules = new Map<number, string>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.conf')) continue;
    const text = readFileSync(join(folder, file), 'latin1').replace(/^\s*#.*$/gm, '');
    for (const one of text.split(/\n(?=SecRule )/)) {
      const id = /\bid:(\d+)/.exec(one)?.[1];
      if (id !== undefined) rules.set(Number(id), one);
    }
  }
  return rules;
}

/** libmodsecurity writes nothing of rules with noauditlog, so it cannot be asked about them. */
export const isLoggedThere = (id: number): boolean => !(RULES.get(id) ?? '').includes('noauditlog');

/** Whether a rule, or one that is chained to it, names the variable; `REQUEST_URI` is not `REQUEST_URI_RAW`. */
const looksAt = (id: number, variable: string): boolean =>
  [...(RULES.get(id) ?? '').matchAll(/SecRule\s+(\S+)\s+\\?\s*"/g)].some(([, targets]) =>
    targets!.split('|').some(target => target.replace(/^[&!]/, '').split(':')[0] === variable),
  );

const typeOf = (wire: string): string =>
  /^content-type: *(.*)$/im.exec(headOf(wire))?.[1]?.toLowerCase() ?? '';
const headOf = (wire: string): string => wire.slice(0, wire.indexOf('\r\n\r\n') + 2);
const bodyOf = (wire: string): string => wire.slice(wire.indexOf('\r\n\r\n') + 4);
const targetOf = (wire: string): string => wire.split(' ')[1] ?? '';
const isXml = (wire: string): boolean => /\bxml\b/.test(typeOf(wire));
const isMultipart = (wire: string): boolean => typeOf(wire).startsWith('multipart/');
const isKnownType = (wire: string): boolean =>
  /^application\/(?:x-www-form|[a-z.+-]*json)/.test(typeOf(wire));

/** Sums of scores, which differ when a rule before them did. */
const SUMS = new Set([949110, 959100]);

const REASONS: readonly Reason[] = [
  {
    text: 'our rules are asked about requests that the parser refuses, too; one without a version is of HTTP/0.9 there',
    covers: (_id, side, { ours, theirs }) =>
      side === 'ours' && ours.status >= 400 && (theirs.ids.size === 0 || theirs.status === 0),
  },
  {
    text: 'our parser answers before the body is read: the request breaks RFC 9112',
    covers: (_id, side, { ours }) => side === 'theirs' && ours.status >= 400,
  },
  {
    text: 'REQUEST_BODY holds no multipart body and no XML here',
    covers: (id, side, { wire }) =>
      side === 'theirs' && (isXml(wire) || isMultipart(wire)) && looksAt(id, 'REQUEST_BODY'),
  },
  {
    text: 'REQUEST_URI is as sent here, and decoded once there',
    covers: (id, _side, { wire }) => targetOf(wire).includes('%25') && looksAt(id, 'REQUEST_URI'),
  },
  {
    text: 'four backslashes in a pattern are one literal one here, two there',
    covers: (id, _side, { wire }) => (RULES.get(id) ?? '').includes('\\\\\\\\') && /\\|%5c/i.test(wire),
  },
  {
    text: '^ and $ match at line ends there',
    covers: (id, side, { wire }) =>
      side === 'theirs' && /[\^$]/.test(RULES.get(id) ?? '') && /%0a|\\n/i.test(wire),
  },
  {
    text: 'there a path ends at an encoded question mark',
    covers: (id, side, { wire }) =>
      side === 'ours' && /%3f/i.test(targetOf(wire).split('?')[0]!) && looksAt(id, 'REQUEST_FILENAME'),
  },
  {
    text: 'there fields of multipart bodies lose their line ends',
    covers: (id, side, { wire }) => side === 'ours' && isMultipart(wire) && looksAt(id, 'ARGS'),
  },
  {
    text: 'there headers of parts bear their line end',
    covers: (id, side) => side === 'theirs' && (id === 922110 || looksAt(id, 'MULTIPART_PART_HEADERS')), // 922110 sees them through TX
  },
  {
    text: 'MULTIPART_STRICT_ERROR is set, too, when the body could not be read',
    covers: (id, side, { ours, theirs }) =>
      id === 2003 && side === 'ours' && ours.ids.has(2002) && theirs.ids.has(2002),
  },
  {
    text: 'XML that is no UTF-8 is inspected here, and refused there',
    covers: (id, side, { wire }) =>
      isXml(wire) &&
      !isUtf8(Buffer.from(bodyOf(wire), 'latin1')) &&
      (side === 'theirs' ? id === 2002 : looksAt(id, 'XML')),
  },
  {
    text: 'XML without a body is no broken XML',
    covers: (id, side, { wire }) =>
      id === 2002 &&
      side === 'theirs' &&
      /^content-type:.*\bxml\b/im.test(headOf(wire)) &&
      bodyOf(wire) === '',
  },
  {
    text: 'ctl:forceRequestBodyVariable reads arguments from a body of another type here, as in ModSecurity 2',
    covers: (_id, side, { wire }) =>
      side === 'ours' && bodyOf(wire) !== '' && !isXml(wire) && !isMultipart(wire) && !isKnownType(wire),
  },
  {
    text: 'an absolute target stands in REQUEST_LINE as it was sent',
    covers: (id, _side, { wire }) => /^[a-z]+:\/\//.test(targetOf(wire)) && looksAt(id, 'REQUEST_LINE'),
  },
  {
    text: '@detectSQLi knows numbers with an empty exponent',
    covers: (id, side, { wire }) => id === 942100 && side === 'ours' && /\d\.e\b/.test(wire),
  },
  {
    text: 'of several values of one name the last is looked at first there, so what a chain remembers is of another one',
    covers: (id, _side, { wire }) =>
      (headOf(wire).match(/^content-type:/gim)?.length ?? 0) > 1 && looksAt(id, 'REQUEST_HEADERS'),
  },
  {
    text: 'a sum of scores, after a rule that differs',
    covers: (id, _side, { onlyOurs, onlyTheirs }) =>
      SUMS.has(id) && [...onlyOurs, ...onlyTheirs].some(other => !SUMS.has(other)),
  },
];

/** @returns the reasons that apply, and what none of them explains: `+id` matched here only, `-id` there only */
export function explain(parted: Parted): { reasons: Set<string>; left: string[] } {
  const reasons = new Set<string>();
  const left: string[] = [];
  const judge = (side: 'ours' | 'theirs') => (id: number) => {
    const reason = REASONS.find(one => one.covers(id, side, parted));
    if (reason) reasons.add(reason.text);
    else left.push(`${side === 'ours' ? '+' : '-'}${id}`);
  };
  parted.onlyOurs.forEach(judge('ours'));
  parted.onlyTheirs.forEach(judge('theirs'));
  return { reasons, left };
}
