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

const READERS: Readonly<Record<string, (text: string) => Imported>> = {
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
  const [kind = '', file = '-'] = readOptions(args, {}, 2).positionals;
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (!read) throw new OptionFault(`"${kind}" is neither ipvsadm nor keepalived`);
  try {
    return convert(readFileSync(file === '-' ? 0 : Buffer.from(file, 'latin1'), 'latin1'), read, file);
  } catch (fault) {
    complain('emerg', `cannot import ${file}: ${systemReason(fault)}`);
    return FAULTY;
  }
}

function convert(text: string, read: (text: string) => Imported, file: string): number {
  const imported = read(text);
  const made = writeConfig(imported, file);
  process.stdout.write(made, 'latin1');
  process.stderr.write(reportOf(imported, file), 'latin1');
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
  return model && imported.servers.length > 0 ? 0 : FAULTY;
}

function reportOf({ servers, remarks }: Imported, file: string): string {
  const lines = remarks
    .toSorted((a, b) => a.line - b.line)
    .map(
      ({ kind, line, text }) =>
        `${file}:${line}: ${kind === 'dropped' ? 'not taken over' : 'changed'}: ${text}\n`,
    );
  const count = (name: string) =>
    servers.reduce((sum, server) => sum + server.lines.filter(([first]) => first === name).length, 0);
  const summary = `${servers.length} virtual servers, ${count('real_server')} real servers and ${count('health_check')} health checks taken over; ${remarks.length} remarks\n`;
  return lines.join('') + summary;
}
