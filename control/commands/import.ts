/** `moat import`: configurations of other programs as a moat.conf, and what has become of the rest. */
import { resolve } from 'node:path';
import { checkConfig, type Diagnostic, renderDiagnostics, type Source } from '#config';
import { complain } from '../complaint.ts';
import { readHaproxy } from '../import/haproxy.ts';
import { readIpvsadm } from '../import/ipvsadm.ts';
import { readKeepalived } from '../import/keepalived.ts';
import { readNginx } from '../import/nginx.ts';
import type { Imported, Remark } from '../import/outcome.ts';
import { writeConfig } from '../import/write.ts';
import { diskSource, systemReason, textNamed } from '../load.ts';
import { noSuchWord, readOptions } from '../options.ts';

const OPTIONS = { marks: { type: 'string' }, prefix: { type: 'string', short: 'p' } } as const;
type Values = { readonly marks?: string | undefined; readonly prefix?: string | undefined };
type Importer = (file: string, values: Values) => number;

const IMPORTERS: Readonly<Record<string, Importer>> = {
  ipvsadm: (file, { marks }) => tiers(readIpvsadm(textNamed(file), rulesOf(marks)), file, marks),
  keepalived: (file, { marks }) => tiers(readKeepalived(textNamed(file), rulesOf(marks)), file, marks),
  nginx: (file, { prefix }) => nginx(file, prefix),
  haproxy: file => haproxy(file),
};

const FAULTY = 3;

/**
 * Prints the configuration on stdout, and on stderr what was not taken over as it was.
 *
 * @returns 0 when moat takes what was made, 3 when it does not or nothing could be made
 */
export function run(args: readonly string[]): number {
  const { positionals, values } = readOptions(args, OPTIONS, 2);
  const [kind = '', file = '-'] = positionals;
  const importer = Object.hasOwn(IMPORTERS, kind) ? IMPORTERS[kind] : undefined;
  if (!importer) throw noSuchWord(kind, Object.keys(IMPORTERS));
  try {
    return importer(file, values);
  } catch (fault) {
    complain('emerg', `cannot import ${file}: ${systemReason(fault)}`);
    return FAULTY;
  }
}

const rulesOf = (path: string | undefined) => (path === undefined ? undefined : textNamed(path));

function tiers(imported: Imported, file: string, marks: string | undefined): number {
  const made = writeConfig(imported, file);
  tell(made, reportOf(imported, file, marks));
  const isSound = judge(made, file);
  const { servers, cluster } = imported;
  return isSound && servers.length + (cluster?.blocks.length ?? 0) > 0 ? 0 : FAULTY;
}

function tell(made: string, report: string): void {
  process.stdout.write(made, 'latin1');
  process.stderr.write(report, 'latin1');
}

/** @returns whether moat takes it */
function judge(made: string, file: string, source: Source = { read: absent, glob: () => [] }): boolean {
  const name = `${file} (imported)`;
  const read = (path: string) => (path === name ? made : source.read(path));
  const { diagnostics } = checkConfig(name, { source: { ...source, read }, prefix: '/', confDir: '/' });
  return shown(diagnostics, name, made);
}

function absent(): never {
  throw new Error('no such file');
}

function shown(diagnostics: readonly Diagnostic[], name: string, made: string): boolean {
  process.stderr.write(renderDiagnostics(diagnostics, { texts: new Map([[name, made]]) }));
  return !diagnostics.some(({ severity }) => severity === 'error');
}

/** Its includes are looked for beside it; what is read from stdin stands in /etc/nginx. */
function nginx(word: string, prefix: string | undefined): number {
  const file = word === '-' ? '/etc/nginx/nginx.conf' : resolve(word);
  const disk = diskSource();
  const given = word === '-' ? textNamed('-') : undefined;
  const read = (path: string) => (path === file && given !== undefined ? given : disk.read(path));
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  const start = prefix === undefined ? folder : `${resolve(prefix)}/`;
  const { text, remarks, taken, left } = readNginx(file, { ...disk, read }, start);
  const lines = remarks.map(({ place, kind, text: said }) => `${place}: ${KINDS[kind]}: ${said}\n`);
  const where = `relative paths start at ${start}: run moat with -p, or -p of nginx's own prefix (nginx -V names it)`;
  tell(text, `${lines.join('')}${taken} directives taken over; ${remarks.length} remarks; ${where}\n`);
  for (const { message } of left) complain('emerg', message);
  return left.length === 0 ? 0 : FAULTY;
}

function haproxy(file: string): number {
  const { text, remarks, frontends, pools } = readHaproxy(textNamed(file), file);
  const summary = `${frontends} servers and ${pools.length} pools with ${pools.reduce((sum, { members }) => sum + members, 0)} members made; ${remarks.length} remarks\n`;
  tell(text, linesOf(remarks, file) + summary);
  return judge(text, file, diskSource()) && frontends > 0 ? 0 : FAULTY;
}

const KINDS = { changed: 'changed', dropped: 'not taken over' } as const;

function linesOf(remarks: readonly Remark[], file: string, marks = ''): string {
  return remarks
    .toSorted((a, b) => a.line - b.line)
    .map(
      ({ kind, line, text, isOfRules }) => `${isOfRules ? marks : file}:${line}: ${KINDS[kind]}: ${text}\n`,
    )
    .join('');
}

function reportOf({ servers, cluster, remarks }: Imported, file: string, marks = ''): string {
  const count = (name: string) =>
    servers.reduce((sum, server) => sum + server.lines.filter(([first]) => first === name).length, 0);
  const summary = `${servers.length} virtual servers, ${count('real_server')} real servers and ${count('health_check')} health checks${routersText(cluster)} taken over; ${remarks.length} remarks\n`;
  return linesOf(remarks, file, marks) + summary;
}

function routersText(cluster: Imported['cluster']): string {
  const count = cluster?.blocks.filter(({ directive }) => directive === 'vrrp_instance').length ?? 0;
  return count === 0 ? '' : `, ${count} virtual routers`;
}
