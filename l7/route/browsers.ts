/** Judges browsers by the name that they give themselves, for `$modern_browser` and `$ancient_browser`. */
import { BROWSERS, type BrowserName, type BrowserSettings } from '#model/l7/browser.ts';
import { oncePer } from '../once-per.ts';

/** @param name User-Agent; undefined when the request has none. @returns whether it is modern */
export type BrowserJudge = (name: string | undefined) => boolean;

export const compileBrowsers = oncePer(judgeOf);

function judgeOf({ modern, unlistedModern, ancient, netscape4 }: BrowserSettings): BrowserJudge {
  // Opera has said that it is MSIE: it counts as known, in no version where the list does not name one.
  const known = ORDER.map(browser => ({
    browser,
    since: modern.findLast(line => line.browser === browser)?.version,
  }));
  const asked = modern.length === 0 ? [] : known.filter(({ browser, since }) => since || browser === 'opera');
  return name => {
    if (name === undefined) return unlistedModern;
    for (const { browser, since } of asked) {
      const version = versionIn(name, browser);
      if (version) return since !== undefined && !isBelow(version, since);
    }
    if (modern.length > 0 && !unlistedModern) return false;
    if (netscape4 && isNetscape4(name)) return false;
    return unlistedModern && !ancient.some(text => name.includes(text));
  };
}

/** The first one that a name has in it is the one. */
const ORDER = Object.keys(BROWSERS) as BrowserName[];

const isNetscape4 = (name: string) => name.length > 'Mozilla/4.72 '.length && /^Mozilla\/[1-4]/.test(name);

/** The numbers behind the mark of a browser; undefined when it is another. */
function versionIn(name: string, browser: BrowserName): readonly number[] | undefined {
  const { from, mark, skips } = BROWSERS[browser];
  const at = name.indexOf(mark, from);
  if (at === -1 || at + mark.length + skips >= name.length) return undefined;
  return /^[\d.]*/
    .exec(name.slice(at + mark.length + skips))![0]
    .split('.')
    .map(Number);
}

function isBelow(numbers: readonly number[], version: readonly number[]): boolean {
  for (let at = 0; at < version.length; at++) {
    const number = numbers[at] ?? 0;
    if (number !== version[at]) return number < version[at]!;
  }
  return false;
}

/** `$msie`: Internet Explorer, and nobody who only says so. */
export const isMsie = (name: string): boolean => {
  const at = name.indexOf('MSIE ');
  return at !== -1 && at + 7 < name.length && !name.includes('Opera');
};
