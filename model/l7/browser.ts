/** Browsers by the name that they give themselves: which of them are called modern, and which ancient. */

/** Where a browser's version stands: behind `mark`, which is looked for from byte `from` on. */
export const BROWSERS = {
  opera: { from: 0, mark: 'Opera', skips: 1 },
  msie: { from: 'Mozilla/4.0 (compatible; '.length, mark: 'MSIE ', skips: 0 },
  gecko: { from: 'Mozilla/5.0 ('.length, mark: 'rv:', skips: 0 },
  safari: { from: 'Mozilla/5.0 ('.length, mark: 'Safari/', skips: 0 },
  konqueror: { from: 'Mozilla/5.0 (compatible; '.length, mark: 'Konqueror/', skips: 0 },
} as const;
export type BrowserName = keyof typeof BROWSERS;

export interface ModernBrowser {
  readonly browser: BrowserName;
  /** The first version that is modern: up to four numbers. */
  readonly version: readonly number[];
}

export interface BrowserSettings {
  readonly modern: readonly ModernBrowser[];
  /** What is in neither list is modern. */
  readonly unlistedModern: boolean;
  /** Texts that ancient browsers have in their names. */
  readonly ancient: readonly string[];
  /** Netscape up to version 4 is ancient. */
  readonly netscape4: boolean;
  readonly modernValue: string;
  readonly ancientValue: string;
}

export const BROWSER_DEFAULTS: BrowserSettings = {
  modern: [],
  unlistedModern: false,
  ancient: [],
  netscape4: false,
  modernValue: '1',
  ancientValue: '1',
};
