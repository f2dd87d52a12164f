/** Dates and times of XML Schema (part 2, sections 3.2.7 to 3.2.14). */

const ZONE = '(Z|[+-](?:0\\d|1[0-3]):[0-5]\\d|[+-]14:00)?';
const YEAR = '(-?(?:[1-9]\\d{4,}|\\d{4}))';
const CLOCK = '(?:([01]\\d|2[0-3]):([0-5]\\d):([0-5]\\d)(?:\\.(\\d+))?|24:00:00(?:\\.0+)?)';

const DATE = new RegExp(`^${YEAR}-(\\d\\d)-(\\d\\d)${ZONE}$`);
const DATE_TIME = new RegExp(`^${YEAR}-(\\d\\d)-(\\d\\d)T${CLOCK}${ZONE}$`);
const TIME = new RegExp(`^${CLOCK}${ZONE}$`);
const YEAR_MONTH = new RegExp(`^${YEAR}-(?:0[1-9]|1[0-2])${ZONE}$`);
const YEAR_ONLY = new RegExp(`^${YEAR}${ZONE}$`);
const MONTH_DAY = new RegExp(`^--(\\d\\d)-(\\d\\d)${ZONE}$`);
const DAY = new RegExp(`^---(?:0[1-9]|[12]\\d|3[01])${ZONE}$`);
const MONTH = new RegExp(`^--(?:0[1-9]|1[0-2])${ZONE}$`);
const DURATION =
  /^-?P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/;

const isYear = (year: string): boolean => !/^-?0+$/.test(year);

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

function hasDay(pattern: RegExp): (value: string) => boolean {
  return value => {
    const [, year = '', month, day] = pattern.exec(value) ?? [];
    return day !== undefined && isYear(year) && isDay(Number(year), Number(month), Number(day));
  };
}

const hasYear = (pattern: RegExp) => (value: string) => {
  const year = pattern.exec(value)?.[1];
  return year !== undefined && isYear(year);
};

/** Whether a text is a value, by the name of the type. */
export const TIMES: Readonly<Record<string, (value: string) => boolean>> = {
  date: hasDay(DATE),
  dateTime: hasDay(DATE_TIME),
  time: value => TIME.test(value),
  gYearMonth: hasYear(YEAR_MONTH),
  gYear: hasYear(YEAR_ONLY),
  gMonthDay(value) {
    const [, month, day] = MONTH_DAY.exec(value) ?? [];
    return month !== undefined && isDay(2000, Number(month), Number(day));
  },
  gDay: value => DAY.test(value),
  gMonth: value => MONTH.test(value),
  duration: value => DURATION.test(value),
};

/** @returns undefined where only one of two has a time zone: then it is not known which is later */
export function compareTimes(one: string, other: string): number | undefined {
  const [a, b] = [instantOf(one), instantOf(other)];
  return a.isZoned === b.isZoned ? a.seconds - b.seconds : undefined;
}

function instantOf(value: string): { seconds: number; isZoned: boolean } {
  const [, year, month, day, hour, minute, second, fraction, zone] = DATE_TIME.exec(
    value.includes('T') ? value : value.replace(/^(-?\d+-\d\d-\d\d)/, '$1T00:00:00'),
  )!;
  const clock = hour === undefined ? 86_400 : Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const days = daysOf(Number(year), Number(month), Number(day));
  return {
    seconds: days * 86_400 + clock + Number(`0.${fraction ?? 0}`) - offsetOf(zone),
    isZoned: zone !== undefined,
  };
}

/** Days of the Gregorian calendar from a fixed one on; a year begins with March, so that its last day may be the 29th. */
function daysOf(year: number, month: number, day: number): number {
  const from = month <= 2 ? year - 1 : year;
  const months = (month + 9) % 12;
  return (
    365 * from +
    Math.floor(from / 4) -
    Math.floor(from / 100) +
    Math.floor(from / 400) +
    Math.floor((153 * months + 2) / 5) +
    day
  );
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}
