/** Where moat may answer otherwise than Debian's nginx 1.22: each difference with its reason, and nothing else. */

/** How moat's answer follows from nginx's in the cases named. */
export type Difference = {
  readonly reason: string;
  /** Held against `site group METHOD target`. */
  readonly cases: RegExp;
  /** Held against the name of the line: `status`, `header Server`, `body`. */
  readonly line: RegExp;
  /** nginx's line (undefined: it sent none) → the line that moat owes. */
  readonly owed: (nginx: string | undefined) => string | undefined;
};

export const DIFFERENCES: readonly Difference[] = [
  {
    reason:
      'Since nginx 1.29.7 no "Connection: close" goes to a server: connections to it are kept by default',
    cases: /./,
    line: /^body$/,
    owed: body => body?.replace(/^ {2}"Connection: close",\n/m, ''),
  },
  {
    reason: 'Since nginx 1.29.7 servers are asked in HTTP/1.1 by default',
    cases: /./,
    line: /^body$/,
    owed: body => body?.replace(/^( "start": "[^"]+ HTTP)\/1\.0",$/m, '$1/1.1",'),
  },
];
