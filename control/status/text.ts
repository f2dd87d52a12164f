/** Numbers, times and tables as plain text. */

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map(row => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd();
  return `${[titles, ...rows].map(lineOf).join('\n')}\n`;
}

export const rateText = (perS: number): string => (perS < 10 ? perS.toFixed(1) : Math.round(perS).toString());

export const bytesText = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MB`;

/** `250 µs`, `2.5 ms`, `1.2 s`. */
export function secondsText(seconds: number): string {
  if (seconds >= 1) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds >= 0.001) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  return `${Math.round(seconds * 1_000_000)} µs`;
}

/** `3d 4h`, `2h 5m`, `1m 3s`, `4s`: the two largest units. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

/** Written before a picture that takes the place of the one before. */
export const CLEAR_SCREEN = '\x1b[H\x1b[2J';
