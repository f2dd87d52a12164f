/** `moat import`: the virtual servers of LVS and keepalived as a moat.conf, and what has become of the rest. */
import { readFileSync } from 'node:fs';
import { checkConfig, renderDiagnostics } from '#config';
import { complain } from '../complaint.ts';
import { readIpvsadm } from '../import/ipvsadm.ts';
import { readKeepalived } from '../import/keepalived.ts';
import type { Imported } from '../import/outcome.ts';
import { writeConfig } from '../import/write.ts';
import { systemReason } from '../load.ts';
import { OptionFault, readOptions } from '../options.ts';

type Reader = (text: string, rules?: string) => Imported;
const READERS: Readonly<Record<string, Reader>> = {
  ipvsadm: readIpvsadm,
  keepalived: readKeepalived,
};

const FAULTY = 3;

/**
 * Prints the configuration on stdout, and on stderr what was not taken over as it was.
 *
 * @returns 0 when moat takes what was made, 3 when it does not or nothing could be made
 */
export function run(args: readonly string[]): number {
  const { positionals, values } = readOptions(args, { marks: { type: 'string' } }, 2);
  const [kind = '', file = '-'] = positionals;
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (!read) throw new OptionFault(`"${kind}" is neither ipvsadm nor keepalived`);
  try {
    const text = (path: string) => readFileSync(path === '-' ? 0 : Buffer.from(path, 'latin1'), 'latin1');
    const rules = values.marks === undefined ? undefined : text(values.marks);
    return convert(read(text(file), rules), file, values.marks);
  } catch (fault) {
    complain('emerg', `cannot import ${file}: ${systemReason(fault)}`);
    return FAULTY;
  }
}

function convert(imported: Imported, file: string, marks: string | undefined): number {
  const made = writeConfig(imported, file);
  process.stdout.write(made, 'latin1');
  process.stderr.write(reportOf(imported, file, marks), 'latin1');
  const name = `${file} (imported)`;
  const source = {
    read: (path: string) => {
      if (path !== name) throw new Error('no such file');
      return made;
    },
    glob: () => [],
  };
  const { model, diagnostics } = checkConfig(name, { source, prefix: '/', confDir: '/' });
  process.stderr.write(renderDiagnostics(diagnostics, { texts: new Map([[name, made]]) }));
  const { servers, cluster } = imported;
  return model && servers.length + (cluster?.blocks.length ?? 0) > 0 ? 0 : FAULTY;
}

function reportOf({ servers, cluster, remarks }: Imported, file: string, marks = ''): string {
  const lines = remarks
    .toSorted((a, b) => a.line - b.line)
    .map(
      ({ kind, line, text, isOfRules }) =>
        `${isOfRules ? marks : file}:${line}: ${kind === 'dropped' ? 'not taken over' : 'changed'}: ${text}\n`,
    );
  const count = (name: string) =>
    servers.reduce((sum, server) => sum + server.lines.filter(([first]) => first === name).length, 0);
  const summary = `${servers.length} virtual servers, ${count('real_server')} real servers and ${count('health_check')} health checks${routersText(cluster)} taken over; ${remarks.length} remarks\n`;
  return lines.join('') + summary;
}

function routersText(cluster: Imported['cluster']): string {
  const count = cluster?.blocks.filter(({ directive }) => directive === 'vrrp_instance').length ?? 0;
  return count === 0 ? '' : `, ${count} virtual routers`;
}
