/** What is kept of a drill: what was broken, for how long, what it cost, and whether that is what is promised. */
import { secondsText } from '../status/text.ts';

/** One fault. */
export interface DrillResult {
  readonly fault: string;
  readonly brokenMs: number;
  /** What was seen of it, in words. */
  readonly seen: readonly string[];
  /** What is not as it should be; empty: all is well. */
  readonly wrong: readonly string[];
}

export interface DrillReport {
  readonly version: string;
  /** What was broken: `the box, mode dr, …`, or the plan's file. */
  readonly target: string;
  /** In ms since 1970. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  readonly results: readonly DrillResult[];
  /** Why it did not come to its end; undefined: it did. */
  readonly stopped: string | undefined;
}

const badOf = ({ results }: DrillReport): readonly DrillResult[] =>
  results.filter(({ wrong }) => wrong.length > 0);

/** A drill that broke nothing has shown nothing. */
export const isWell = (report: DrillReport): boolean =>
  report.stopped === undefined && report.results.length > 0 && badOf(report).length === 0;

/** `24 faults, 1 not as it should be: the certificate expires`; why it was not finished is told apart. */
export function verdictOf(report: DrillReport): string {
  const { results, stopped } = report;
  const bad = badOf(report);
  const names = bad.length === 0 ? '' : `: ${bad.map(({ fault }) => fault).join('; ')}`;
  const end = stopped === undefined ? '' : '; it was not finished';
  const count = `${results.length} fault${results.length === 1 ? '' : 's'}`;
  return `${count}, ${bad.length} not as ${bad.length === 1 ? 'it' : 'they'} should be${names}${end}`;
}

/** A line for the terminal: verdict, what broke, for how long, what was seen. */
export function lineOf({ fault, brokenMs, seen, wrong }: DrillResult): string {
  const verdict = wrong.length === 0 ? 'well    ' : 'NOT WELL';
  const why = wrong.length === 0 ? '' : `  ${wrong.join('; ')};`;
  return `${verdict}  ${fault}, for ${secondsText(brokenMs / 1000)}:${why} ${seen.join('; ')}\n`;
}

export function markdownOf(report: DrillReport): string {
  const { version, target, beganAtMs, endedAtMs, results, stopped } = report;
  const when = new Date(beganAtMs).toISOString();
  const rows = results.map(({ fault, brokenMs, seen, wrong }) => {
    const cells = [fault, secondsText(brokenMs / 1000), seen.join('; '), wrong.join('; ') || 'well'];
    return `| ${cells.map(escaped).join(' | ')} |`;
  });
  return `# Drill of ${when}: ${isWell(report) ? 'well' : 'NOT WELL'}

${escaped(verdictOf(report))}${stopped === undefined ? '' : `: ${escaped(stopped)}`}

moat ${version}; ${escaped(target)}; it took ${secondsText((endedAtMs - beganAtMs) / 1000)}.

| what broke | for | what was seen | verdict |
|---|---|---|---|
${rows.map(row => `${row}\n`).join('')}`;
}

/** What stands in a report may come from programs that failed: it is text, and stays on its line. */
const escaped = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f]+/g, ' ').replace(/[\\`*_[\]<>|]/g, '\\$&');
