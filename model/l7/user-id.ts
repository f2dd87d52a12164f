/** userid: a cookie that tells clients apart. */

export const USER_ID_FLAGS = [
  'secure',
  'httponly',
  'samesite=strict',
  'samesite=lax',
  'samesite=none',
] as const;
export type UserIdFlag = (typeof USER_ID_FLAGS)[number];

export interface UserIdSettings {
  /** `log`: cookies are read and none is set; `v1`: identifiers of the first form. */
  readonly mode: 'off' | 'log' | 'v1' | 'on';
  readonly name: string;
  readonly domain: string | undefined;
  readonly path: string;
  /** `max`: as late as can be written. */
  readonly expires: 'off' | 'max' | { readonly afterMs: number };
  /** One character at the end of the value: a cookie without it is sent again. */
  readonly mark: string | undefined;
  readonly p3p: string | undefined;
  /** The first 4 bytes; undefined: the address that the request came to. */
  readonly service: number | undefined;
  readonly flags: readonly UserIdFlag[];
}

export const USER_ID_DEFAULTS: UserIdSettings = {
  mode: 'off',
  name: 'uid',
  domain: undefined,
  path: '/',
  expires: 'off',
  mark: undefined,
  p3p: undefined,
  service: undefined,
  flags: [],
};
