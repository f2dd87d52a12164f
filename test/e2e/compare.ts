/** Asks two running sites the same and tells where the second owes an answer that it did not give. */
import { type Answers, ask } from './answers.ts';
import type { Case, Site } from './cases/case.ts';
import type { Difference } from './differences.ts';
import type { Started } from './site.ts';

/** What one case showed: nginx's own status, the faults, and the allowed differences that were needed. */
export type Verdict = {
  readonly title: string;
  readonly faults: readonly string[];
  readonly used: ReadonlySet<Difference>;
};

export type Pair = {
  readonly site: Site;
  readonly nginx: Started;
  readonly moat: Started;
  /** The directory of the site's certificates. */
  readonly certs: string;
  readonly allowed: readonly Difference[];
};

/** Asks both and compares; also holds nginx to the status that the case was written for. */
export async function judge(pair: Pair, group: string, one: Case): Promise<Verdict> {
  const { site, certs } = pair;
  const [status, line, also] = one;
  const title = `${site.folder} ${group} ${line}${told(also)}`;
  const used = new Set<Difference>();
  const nginx = await ask(site, one, pair.nginx, certs);
  const faults = statusFaults(nginx, status);
  const moat = await ask(site, one, pair.moat, certs);
  const allowed = pair.allowed.filter(({ cases }) => cases?.test(title) ?? true);
  const owed = owedBy(nginx, moat, allowed, used);
  for (const name of linesApart(owed, moat)) {
    faults.push(`  ${name}\n${contrast(owed.get(name), moat.get(name))}`);
  }
  return { title, faults, used };
}

/** The rest of a case in words, without the length of its bodies. */
function told(also: Case[2] = {}): string {
  const text = JSON.stringify(also, (_, value) => (typeof value === 'string' ? value.slice(0, 100) : value));
  return text === '{}' ? '' : ` ${text}`;
}

/** Applies the allowed differences one after the other until the answers are equal, noting those that changed something. */
function owedBy(
  nginx: Answers,
  moat: Answers,
  allowed: readonly Difference[],
  used: Set<Difference>,
): Answers {
  let owed = nginx;
  for (const difference of allowed) {
    if (linesApart(owed, moat).length === 0) break;
    const changed = difference.owed(owed);
    if (linesApart(changed, owed).length > 0) used.add(difference);
    owed = changed;
  }
  return owed;
}

const linesApart = (owed: Answers, got: Answers): string[] =>
  [...new Set([...owed.keys(), ...got.keys()])].filter(name => !equal(name, owed.get(name), got.get(name)));

const statusOf = (answer: Answers) => answer.get('status')?.split(' ')[1] ?? '0';

function statusFaults(nginx: Answers, wanted: number): string[] {
  const got = statusOf(nginx);
  return got === String(wanted) ? [] : [`  the case was written for ${wanted}, nginx says ${got}`];
}

/** Lines are equal to the byte; a lifetime counted to a time of day may have run on for some seconds. */
function equal(name: string, owed: string | undefined, got: string | undefined): boolean {
  if (owed === got || owed === undefined || got === undefined) return owed === got;
  if (!/^header (?:Expires|Cache-Control)$/.test(name)) return false;
  const [ours, theirs] = [owed, got].map(text => /\d{3,}$/.exec(text)?.[0]);
  if (
    ours === undefined ||
    theirs === undefined ||
    owed.slice(0, -ours.length) !== got.slice(0, -theirs.length)
  )
    return false;
  return Math.abs(Number(ours) - Number(theirs)) <= 5;
}

/** Both texts, cut to the place where they part. */
function contrast(owed: string | undefined, got: string | undefined): string {
  let at = 0;
  if (owed !== undefined && got !== undefined) while (at < owed.length && owed[at] === got[at]) at++;
  const from = Math.max(0, at - 40);
  const show = (text: string | undefined) =>
    text === undefined
      ? '(absent)'
      : `${from > 0 ? '…' : ''}${JSON.stringify(text.slice(from, from + 160))} [${text.length}]`;
  return `    owed ${show(owed)}\n    got  ${show(got)}`;
}
