/** `moat drill`: breaks a pair in every way it knows, on hosts of its own on this machine or by a plan for one's own, and tells what came of it. */
import { FORWARD_MODES } from '#model/l4/virtual-server.ts';
import { interruption, numberOf, WITNESS_HELP } from '../box/options.ts';
import { complain, say } from '../complaint.ts';
import { type DrillReport, type DrillResult, isWell, verdictOf } from '../drill/report.ts';
import { keepReport } from '../drill/report-folder.ts';
import { boxTarget, clusterTarget, type Target } from '../drill/target.ts';
import { systemReason } from '../load.ts';
import { OptionFault, readOptions } from '../options.ts';
import { MOAT_VERSION } from '../version.ts';

const OPTIONS = {
  cluster: { type: 'string' },
  report: { type: 'string' },
  keep: { type: 'string' },
  json: { type: 'boolean' },
  seed: { type: 'string' },
  faults: { type: 'string' },
  only: { type: 'string', multiple: true },
  mode: { type: 'string' },
  rate: { type: 'string' },
  directors: { type: 'string' },
  witness: { type: 'string' },
} as const;

/** When nobody reads its events, it ends as by Ctrl-C. */
export const outlivesReader = true;

/** What `--help` prints. */
export const help = `moat drill [OPTIONS]: as root, builds both tiers on hosts of their own (network namespaces), with a client that keeps asking, and breaks
them: each fault once, or random ones. After each, one node alone must have the virtual addresses, they must answer, the
directors must agree on the proxies and know each other's connections, and where it is promised no request may have failed and no connection
may have ended. All the time the kernels of the pair are watched: no two may have an address for longer than a second, and with a witness
never. Nothing else on this machine is touched.

  --seed N       random faults; the same ones for the same number
  --faults N     so many of them (20)
  --only TEXT    those alone whose name has this text; it may be said again
  --mode MODE    how the directors forward: ${FORWARD_MODES.join(', ')} (dr)
  --directors N  2, or 0: the pair is that of the proxies (2)
${WITNESS_HELP}  --rate N       requests a second of the client, 1 to 2000 (100)

moat drill --cluster PLAN [OPTIONS]: breaks a cluster of yours by the commands that the plan names, while its addresses are asked. Each fault is
mended before the next, and nothing more is broken once the cluster does not heal. docs/guides/drills.md has the plan's lines.

  --only TEXT    those alone whose name has this text; it may be said again

Both tell what broke, for how long, what was seen and whether that is what is promised; the exit code is 0 when all is well.

  --report DIR   keeps a report in this folder, as Markdown and as JSON
  --keep N       so many reports at most; the oldest go (26)
  --json         a line of JSON a fault
  --help         this text
`;
const FAULTY = 1;
const MOST_KEPT = 10_000;
const HALF_A_YEAR_OF_WEEKS = 26;
/** What a line begins with that the journal of systemd takes for an error. */
const JOURNAL_ERROR = '<3>';

/** @returns 1 when something was not as it should be, or nothing can be broken */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  if (values.keep !== undefined && values.report === undefined)
    throw new OptionFault('--keep is a number of reports: say --report too');
  const most = numberOf(values.keep, HALF_A_YEAR_OF_WEEKS, MOST_KEPT, 'a number of reports');
  const target = values.cluster === undefined ? boxTarget(values) : clusterTarget(values, values.cluster);
  const { signal } = interruption();
  const report = await held(target, signal);
  if (report.stopped !== undefined) say(`moat drill: ${report.stopped}\n`);
  if (report.results.length > 0) say(`moat drill: ${verdictOf(report)}\n`);
  return told(report, values.report, most) && isWell(report) ? 0 : FAULTY;
}

/** @throws {OptionFault} */
async function held({ target, drill }: Target, signal: AbortSignal): Promise<DrillReport> {
  const beganAtMs = Date.now();
  const results: DrillResult[] = [];
  let stopped: string | undefined;
  try {
    await drill(signal, result => results.push(result));
    if (signal.aborted) stopped = 'interrupted';
  } catch (fault) {
    if (fault instanceof OptionFault) throw fault;
    stopped = signal.aborted ? 'interrupted' : (fault as Error).message.trimEnd();
  }
  return { version: MOAT_VERSION, target, beganAtMs, endedAtMs: Date.now(), results, stopped };
}

/** Keeps the report, and makes an error of the journal of what is not well. @returns whether it is kept, where it should be */
function told(report: DrillReport, folder: string | undefined, most: number): boolean {
  let where = '';
  let isKept = true;
  try {
    if (folder !== undefined) where = keepReport(folder, report, most);
  } catch (fault) {
    isKept = false;
    complain('error', `the report is not kept: ${systemReason(fault)}`);
  }
  if (where !== '') say(`moat drill: the report is ${where}\n`);
  if (!isWell(report) && process.env['JOURNAL_STREAM'] !== undefined)
    say(`${JOURNAL_ERROR}moat drill: not as it should be${where === '' ? '' : `; see ${where}`}\n`);
  return isKept;
}
