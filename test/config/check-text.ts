/** Checks configuration texts that stand in memory, for the tests of the language. */
import { type CheckResult, checkConfig } from '#config';

/** The file that `checkText` calls its text. */
export const MAIN_FILE = '/conf/moat.conf';

/** @param files further files, absolute path → text; a pattern finds those that its regular expression matches */
export function checkText(
  text: string,
  files: Readonly<Record<string, string>> = {},
  globals?: string,
): CheckResult {
  const all: Record<string, string> = { ...files, [MAIN_FILE]: text };
  const read = (path: string) => {
    const found = all[path];
    if (found === undefined) throw new Error('no such file');
    return found;
  };
  const addresses = (host: string) => (host === 'known.example' ? ['192.0.2.1', '2001:db8::1'] : []);
  const glob = (pattern: string) => {
    const parts = pattern.split('*').map(part => RegExp.escape(part));
    return Object.keys(all).filter(path => new RegExp(`^${parts.join('[^/]*')}$`).test(path));
  };
  return checkConfig(MAIN_FILE, {
    source: { read, glob, addresses, isPublic: path => path.includes('/public/') },
    prefix: '/srv/moat/',
    confDir: '/conf/',
    ...(globals !== undefined && { globals }),
  });
}

/** `line:column code message` of each diagnostic, with the file before it when it is not the main one. */
export function faultsOf(result: CheckResult): string[] {
  return result.diagnostics.map(({ file, line, column, code, message }) => {
    const where = file === MAIN_FILE ? '' : `${file}:`;
    return `${where}${line}:${column} ${code}: ${message}`;
  });
}
