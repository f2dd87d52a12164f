/** What stands for a folder without an index file: a list of what is in it, or a file taken at random. */

export const LISTING_FORMATS = ['html', 'xml', 'json', 'jsonp'] as const;
export type ListingFormat = (typeof LISTING_FORMATS)[number];

export interface ListingSettings {
  readonly on: boolean;
  /** Sizes in bytes; otherwise rounded, with K, M and G. */
  readonly exactSize: boolean;
  readonly format: ListingFormat;
  readonly localTime: boolean;
  /** `random_index`. */
  readonly random: boolean;
}

export const LISTING_DEFAULTS: ListingSettings = {
  on: false,
  exactSize: true,
  format: 'html',
  localTime: false,
  random: false,
};
