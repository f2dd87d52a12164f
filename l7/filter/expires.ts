/** Expires and Cache-Control as the `expires` directive sets them. */
import { type CountedExpires, type Expires, type FixedExpires, parseExpires } from '#model/l7/headers.ts';
import { httpDate, httpDateOf } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import type { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';

type Setter = (exchange: Exchange, response: Response) => void;

const FIXED = {
  epoch: ['Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache'],
  max: ['Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000'],
} as const;

/** @returns undefined for `off` */
export function expiresSetter(expires: Expires, { text }: Compiler): Setter | undefined {
  if (expires.kind === 'off') return undefined;
  if (expires.kind !== 'variable') return (exchange, response) => set(expires, exchange, response);
  const value = text(expires.value);
  return (exchange, response) => {
    const read = parseExpires(value(exchange), expires.from);
    if (read) set(read, exchange, response);
  };
}

function set(expires: FixedExpires, exchange: Exchange, response: Response): void {
  if (expires.kind === 'off') return;
  const [date, control] = isCounted(expires)
    ? counted(expires, exchange.clock.wallMs(), response.lastModifiedMs)
    : FIXED[expires.kind === 'max' ? 'max' : 'epoch'];
  response.headers.set('Expires', date);
  response.headers.set('Cache-Control', control);
}

const isCounted = (expires: FixedExpires): expires is CountedExpires =>
  'offsetS' in expires || 'timeOfDayS' in expires;

function counted(
  expires: CountedExpires,
  wallMs: number,
  lastModifiedMs: number | undefined,
): readonly [string, string] {
  const nowS = Math.floor(wallMs / 1000);
  if (expires.kind !== 'daily' && expires.offsetS === 0) return [httpDate(wallMs), 'max-age=0'];
  const untilS =
    expires.kind === 'daily'
      ? nextTimeOfDay(expires.timeOfDayS, nowS)
      : expires.offsetS +
        (expires.kind === 'modified' && lastModifiedMs !== undefined ? lastModifiedMs / 1000 : nowS);
  const past = untilS < nowS || (expires.kind !== 'daily' && expires.offsetS < 0);
  return [httpDateOf(untilS * 1000), past ? 'no-cache' : `max-age=${untilS - nowS}`];
}

/** Today in local time, or tomorrow when it is past. @param nowS since 1970 */
function nextTimeOfDay(timeOfDayS: number, nowS: number): number {
  const day = new Date(nowS * 1000);
  day.setHours(0, 0, timeOfDayS, 0);
  if (day.getTime() / 1000 <= nowS) day.setDate(day.getDate() + 1);
  return day.getTime() / 1000;
}
