/** Requests that are refused before any phase: rules are asked all the same, so that logs and events tell what was tried. */
import type { RequestHead } from '#waf';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { headEnd } from '../wire/h1/request.ts';
import { inspectorFor } from './inspector.ts';

/** What a head consists of, as rules have it. */
export type HeadParts = Pick<RequestHead, 'method' | 'target' | 'protocol' | 'headers'>;

/** @param text of a head that could not be read; without it, what was read is looked at */
export type RefusedWatch = (exchange: Exchange, text?: string) => void;

/** Undefined where the server itself has no firewall. */
export function refusedWatch(compiler: Compiler): RefusedWatch | undefined {
  const inspector = inspectorFor(compiler);
  if (!inspector) return undefined;
  return (exchange, text) => {
    const parts = text === undefined ? undefined : headParts(text);
    if (text === undefined || parts) inspector.note(exchange, parts);
  };
}

/** Larger ones were refused for their size, which says all. */
const MOST_BYTES = 1 << 16;

/** Taken apart as a lenient server would; undefined for a head whose end has not come. @param text latin1 */
export function headParts(text: string): HeadParts | undefined {
  const end = headEnd(text, 0);
  if (end < 0 || end > MOST_BYTES) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split(/\r?\n/);
  const [from, to] = [line.indexOf(' '), line.lastIndexOf(' ')];
  const isShort = from === to;
  return {
    method: from < 0 ? line : line.slice(0, from),
    target: from < 0 ? '' : line.slice(from + 1, isShort ? undefined : to),
    protocol: isShort ? '' : line.slice(to + 1),
    headers: fields.filter(field => field !== '').flatMap(fieldParts),
  };
}

function fieldParts(field: string): [name: string, value: string] {
  const colon = field.indexOf(':');
  return colon < 0 ? [field, ''] : [field.slice(0, colon), field.slice(colon + 1).trim()];
}
