/** The time as log lines carry it: local, made once a second. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);
const clockOf = (date: Date): string =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** `2026/11/21 10:00:00`, as the error log has it. */
const errorLogTime = (date: Date): string =>
  `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())} ${clockOf(date)}`;

/** `Nov 21 10:00:00`, the timestamp of RFC 3164 §4.1.2: the day is padded with a space. */
const syslogTime = (date: Date): string =>
  `${MONTHS[date.getMonth()]} ${`${date.getDate()}`.padStart(2)} ${clockOf(date)}`;

/** A clock that writes the same text all through a second without making it again. */
export class LogClock {
  readonly #write: (date: Date) => string;
  #second = -1;
  #text = '';

  constructor(form: 'error-log' | 'syslog') {
    this.#write = form === 'syslog' ? syslogTime : errorLogTime;
  }

  now(): string {
    const nowMs = Date.now();
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = this.#write(new Date(nowMs));
    }
    return this.#text;
  }
}
