/** An alert in words, as chats and mails have it. Nothing that came from elsewhere makes a second line, or a mention. */
import { hostname } from 'node:os';
import type { Alert } from './alerts.ts';

/** Inside, a text is its bytes. */
export const unicode = (text: string): string => Buffer.from(text, 'latin1').toString();

/** Chats read @, <!here> and links in names; labels of metrics come from the configuration. */
const plain = (text: string): string =>
  unicode(text)
    .replace(/[\p{Cc}<>@&*_`[\]]/gu, ' ')
    .slice(0, 300);

const number = (value: number): string => String(Number(value.toPrecision(4)));

/** One line. */
export function subjectOf({ rule, severity, resolvedMs }: Alert): string {
  return `${resolvedMs === undefined ? severity.toUpperCase() : 'RESOLVED'}: ${plain(rule)} on ${plain(hostname())}`;
}

export function textOf(alert: Alert): string {
  const { metric, value, side, bound, raisedMs, resolvedMs } = alert;
  const at = (ms: number) => new Date(ms).toISOString();
  const end = resolvedMs === undefined ? '' : `\nresolved at ${at(resolvedMs)}`;
  return `${subjectOf(alert)}\n${plain(metric)} is ${number(value)} (bad ${side} ${number(bound)})\nraised at ${at(raisedMs)}${end}`;
}
