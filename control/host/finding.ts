/** What a look at this host has found, and how it is told. */

export interface Finding {
  /** `fault`: it will not work; `warning`: it may not; `fine`: it was looked at. */
  readonly level: 'fault' | 'warning' | 'fine';
  readonly what: string;
  /** What to do, as one would type or say it. */
  readonly remedy?: string;
}

const SIGNS = { fault: 'FAULT  ', warning: 'warning', fine: 'ok     ' } as const;

export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ level, what, remedy }) =>
        `${SIGNS[level]}  ${what}\n${remedy === undefined ? '' : `         → ${remedy}\n`}`,
    )
    .join('');
}

export const hasFault = (findings: readonly Finding[]): boolean =>
  findings.some(({ level }) => level === 'fault');
