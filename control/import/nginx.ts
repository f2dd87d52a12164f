/** Makes one moat.conf of an nginx.conf and all it includes: what moat takes stays as it is written, the rest becomes comments. */
import {
  checkConfig,
  type Diagnostic,
  manualEntries,
  type Source,
  type Statement,
  statementsOf,
} from '#config';
import { SourceLines } from './source-lines.ts';
import { UNIT_PID } from './write.ts';

/** Each round takes out what the one before has made void. */
const MOST_ROUNDS = 50;
const MOST_INCLUDES = 64;
/** Faults of this host, not of the text: its files are not here. */
const OF_THE_HOST = new Set([
  'certificate',
  'certificate-expired',
  'cannot-read',
  'public-secret',
  'stapling',
]);
/** Who is kept out by these must not come in because moat knows them not. */
const GUARDS =
  /^(auth_|access_by_|modsecurity$|allow$|deny$|limit_except$|secure_link|naxsi|SecRulesEnabled|ssl_verify_client$|js_access$)/;
/** Without what these do, the files of the folder would be shown as they are. */
const CONTENT =
  /^((fastcgi|uwsgi|scgi|grpc|memcached|js|perl|redis2?|tarantool)_(pass|content)|perl|content_by_lua.*|passenger_enabled|mp4|flv|hls|dav_methods)$/;

export interface PlacedRemark {
  /** `file:line`. */
  readonly place: string;
  readonly kind: 'changed' | 'dropped';
  readonly text: string;
}

export interface NginxImport {
  /** The configuration, latin1. */
  readonly text: string;
  readonly remarks: readonly PlacedRemark[];
  /** How many directives stand in it. */
  readonly taken: number;
  /** What is wrong with it all the same. */
  readonly left: readonly Diagnostic[];
}

/**
 * @param file its name, for places @param prefix where its relative paths start; ends with `/`
 * @throws {Error} when a file cannot be read, or is not made of directives
 */
export function readNginx(file: string, source: Source, prefix: string): NginxImport {
  const confDir = file.slice(0, file.lastIndexOf('/') + 1);
  const lines = SourceLines.of(file, source, confDir, MOST_INCLUDES);
  const remarks: PlacedRemark[] = [];
  rewrite(lines, remarks);
  let diagnostics: readonly Diagnostic[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    ({ diagnostics } = check(lines.text, source, prefix, confDir));
    const faults = diagnostics.filter(({ severity, code }) => severity === 'error' && !OF_THE_HOST.has(code));
    if (faults.length === 0 || !takeOut(lines, faults, remarks)) break;
  }
  for (const { line, message, hint } of diagnostics)
    remarks.push({ place: lines.placeOf(line), kind: 'changed', text: withHint(message, hint) });
  const statements = statementsOf(lines.text) ?? [];
  remarks.push(...differencesOf(statements, lines));
  return {
    text: `# Made from ${file} by moat import.\n\n${lines.text}`,
    remarks: remarks.toSorted(byPlace),
    taken: statements.length,
    left: diagnostics.filter(({ severity }) => severity === 'error'),
  };
}

const MADE = 'the text that was made';

function check(text: string, source: Source, prefix: string, confDir: string) {
  const read = (path: string) => (path === MADE ? text : source.read(path));
  return checkConfig(MADE, { source: { ...source, read }, prefix, confDir });
}

const withHint = (message: string, hint: string | undefined) =>
  hint === undefined ? message : `${message}: ${hint}`;

const placeOf = ({ place }: PlacedRemark) => {
  const colon = place.lastIndexOf(':');
  return { file: place.slice(0, colon), line: Number(place.slice(colon + 1)) };
};

function byPlace(one: PlacedRemark, other: PlacedRemark): number {
  const [a, b] = [placeOf(one), placeOf(other)];
  return a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
}

/** Lines that moat has under another name or value: what stands instead, and why. */
const REWRITES: Readonly<
  Record<string, (args: readonly string[]) => readonly [text: string, why: string] | undefined>
> = {
  pid: ([path]) =>
    path === UNIT_PID
      ? undefined
      : [`pid ${UNIT_PID};`, `the pid file is ${UNIT_PID}, where moat's unit has it`],
  modsecurity: ([on]) =>
    on === 'on'
      ? [
          'waf block;',
          'moat\'s firewall with its own rules: "waf_rules crs" loads the OWASP rules, "waf detect" only notes',
        ]
      : ['waf off;', "moat's word for it"],
};

function rewrite(lines: SourceLines, remarks: PlacedRemark[]): void {
  for (const statement of (statementsOf(lines.text) ?? []).toReversed()) {
    const [text, why] =
      (Object.hasOwn(REWRITES, statement.name) && REWRITES[statement.name]!(statement.args)) || [];
    if (text === undefined || why === undefined) continue;
    remarks.push({
      place: lines.placeOf(statement.line),
      kind: 'changed',
      text: `${statement.name}: ${why}`,
    });
    lines.replace(statement, text);
  }
}

/** Makes comments of the directives that are at fault. @returns whether any was found */
function takeOut(lines: SourceLines, faults: readonly Diagnostic[], remarks: PlacedRemark[]): boolean {
  const statements = statementsOf(lines.text);
  if (!statements) return false;
  const found = new Map<Statement, Diagnostic>();
  for (const fault of faults) {
    const statement = lines.innermost(statements, fault.line, fault.column);
    if (statement && !found.has(statement)) found.set(statement, fault);
  }
  // From the end on, so that places before it stay good; what lies within another one goes with it.
  const chosen = [...found].filter(
    ([one]) => ![...found.keys()].some(other => other !== one && other.from < one.from && one.to <= other.to),
  );
  for (const [statement, { message, hint }] of chosen.toSorted(([a], [b]) => b.from - a.from)) {
    const why = withHint(message, hint);
    const closed = closing(statement);
    const text = closed === '' ? why : `${why}; "${closed}" answers everybody until you decide`;
    remarks.push({ place: lines.placeOf(statement.line), kind: 'dropped', text });
    lines.takeOut(statement, closed);
  }
  return chosen.length > 0;
}

function closing({ name, around }: Statement): string {
  if (CONTENT.test(name)) return 'return 502;';
  if (!GUARDS.test(name)) return '';
  return around.at(-1) === 'http' ? 'deny all;' : 'return 403;';
}

/** What is in force, and is not quite what nginx does; each once. */
function differencesOf(statements: readonly Statement[], lines: SourceLines): PlacedRemark[] {
  const entries = Map.groupBy(manualEntries(), ({ name }) => name);
  const told = new Set<string>();
  return statements.flatMap(({ name, line, around }) => {
    const block = around.at(-1) ?? 'main';
    const text = entries.get(name)?.find(({ context }) => context.some(one => one === block))?.differs;
    if (text === undefined || told.has(text)) return [];
    told.add(text);
    return [{ place: lines.placeOf(line), kind: 'changed', text: `${name}: ${text}` }];
  });
}
