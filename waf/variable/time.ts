/** Variables of time, in the zone of the process. */
import type { Transaction } from '../transaction.ts';
import { live } from './define.ts';
import type { Variable } from './variable.ts';

const two = (number: number) => String(number).padStart(2, '0');
const date = (t: Transaction) => new Date(t.nowMs());

export const TIME_VARIABLES: readonly Variable[] = [
  live('DURATION', 'Milliseconds since the request began.', t => String(Math.round(t.nowMs() - t.startedMs))),
  live('TIME_EPOCH', 'Seconds since 1970.', t => String(Math.floor(t.nowMs() / 1000))),
  live('TIME', 'Hour, minute, second, as in 07:05:00.', t => {
    const now = date(t);
    return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  }),
  live('TIME_YEAR', 'As in 2026.', t => String(date(t).getFullYear())),
  live('TIME_MON', '1 to 12.', t => String(date(t).getMonth() + 1)),
  live('TIME_DAY', '1 to 31.', t => String(date(t).getDate())),
  live('TIME_WDAY', '0 (Sunday) to 6.', t => String(date(t).getDay())),
  live('TIME_HOUR', '0 to 23.', t => String(date(t).getHours())),
  live('TIME_MIN', '0 to 59.', t => String(date(t).getMinutes())),
  live('TIME_SEC', '0 to 59.', t => String(date(t).getSeconds())),
];
