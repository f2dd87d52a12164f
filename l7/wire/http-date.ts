/** Reads the dates of HTTP (RFC 9110 §5.6.7): the preferred form and the two old ones. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const CLOCK = '(\\d{2}):(\\d{2}):(\\d{2})';

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const FIXED = new RegExp(`^[A-Za-z]{3}, +(\\d{2})[ -]([A-Z][a-z]{2})[ -](\\d{4}) +${CLOCK}(?: |$)`);
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC850 = new RegExp(`^[A-Za-z]{6,9}, +(\\d{2})-([A-Z][a-z]{2})-(\\d{2}) +${CLOCK}(?: |$)`);
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME = new RegExp(`^[A-Za-z]{3} ([A-Z][a-z]{2}) ([ \\d]\\d) ${CLOCK} (\\d{4})$`);

/** @returns ms since 1970, a whole second; undefined when the text is no date */
export function parseHttpDate(text: string): number | undefined {
  const fixed = FIXED.exec(text);
  if (fixed) return timeOf(fixed[3]!, fixed[2]!, fixed[1]!, fixed.slice(4));
  const old = RFC850.exec(text);
  if (old) return timeOf(century(old[3]!), old[2]!, old[1]!, old.slice(4));
  const asc = ASCTIME.exec(text);
  return asc ? timeOf(asc[6]!, asc[1]!, asc[2]!, asc.slice(3, 6)) : undefined;
}

const century = (year: string) => String(Number(year) + (Number(year) < 70 ? 2000 : 1900));

function timeOf(year: string, month: string, day: string, clock: readonly string[]): number | undefined {
  const at = MONTHS.indexOf(month);
  const [hour = 0, minute = 0, second = 0] = clock.map(Number);
  if (at === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(Number(year), at, Number(day), hour, minute, second);
  // The 31st of a shorter month would be taken for the first of the next.
  return new Date(ms).getUTCDate() === Number(day) || second === 60 ? ms : undefined;
}
