/** Time for requests: one reading for each turn of the event loop, and its texts once a second. */

export interface Clock {
  /** Monotonic, and the same in all threads of the process: for durations, and for times in shared memory. */
  nowMs(): number;
  /** Since 1970. */
  wallMs(): number;
}

/** `performance.now()` begins anew in each thread; this is when it did, by the clock of the machine. */
const THREAD_BEGAN_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Monotonic, and the same in all threads. */
export const monotonicMs = (): number => THREAD_BEGAN_MS + performance.now();

/**
 * Reads the time once for all that happens in one batch of events; outside of batches it reads anew each time.
 * A batch lasts well under a millisecond for each thousand events, and nothing here needs more than that.
 */
export class BatchClock implements Clock {
  #nowMs = 0;
  #wallMs = 0;

  begin(): void {
    this.#nowMs = monotonicMs();
    this.#wallMs = Date.now();
  }

  end(): void {
    this.#nowMs = 0;
  }

  nowMs(): number {
    return this.#nowMs || monotonicMs();
  }

  wallMs(): number {
    return this.#nowMs ? this.#wallMs : Date.now();
  }
}

/** Makes a text of a time at most once a second. */
function perSecond(format: (date: Date) => string): (wallMs: number) => string {
  let second = -1;
  let text = '';
  return wallMs => {
    const now = Math.floor(wallMs / 1000);
    if (now !== second) {
      second = now;
      text = format(new Date(now * 1000));
    }
    return text;
  };
}

const two = (value: number) => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function zone(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${colon}${two(absolute % 60)}`;
}

const clockTime = (date: Date) =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). */
export const httpDate = perSecond(date => date.toUTCString());

/** The same for any time, not cached. */
export const httpDateOf = (wallMs: number): string => new Date(wallMs).toUTCString();

/** `Sun, 06-Nov-94 08:49:37 GMT`, the old form that all browsers read in cookies; years after 2037 have four digits. */
export function cookieTime(wallMs: number): string {
  const [weekday, day, month, year = '', time] = httpDateOf(wallMs).split(' ');
  return `${weekday} ${day}-${month}-${Number(year) > 2037 ? year : year.slice(2)} ${time} GMT`;
}

/** `06/Nov/1994:08:49:37 +0000`, local time. */
export const logTime = perSecond(
  date =>
    `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:${clockTime(date)} ${zone(date, '')}`,
);

/** `1994-11-06T08:49:37+00:00`, local time. */
export const isoTime = perSecond(
  date =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clockTime(date)}${zone(date, ':')}`,
);
