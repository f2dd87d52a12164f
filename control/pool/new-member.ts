/** A member that a command adds: read as its line in an upstream block would be. */
import { checkConfig } from '#config';
import type { MemberModel } from '#model/l7/upstream.ts';

const ADDRESS = /^[\w.:/[\]-]{1,256}$/;
const PARAMETER =
  /^(?:(?:weight|max_fails|max_conns)=\d{1,9}|(?:fail_timeout|slow_start)=\d{1,9}(?:ms|s|m|h)?|route=[\w.-]{1,128}|backup|down|drain)$/;

/**
 * @param address `HOST`, `HOST:PORT`, `[IPV6]:PORT` or `unix:/path`; a name is looked up once
 * @param words as on a server line: `weight=3`, `backup`
 * @throws {Error} with what is wrong
 */
export function newMember(address: string, words: readonly string[]): MemberModel {
  if (!ADDRESS.test(address))
    throw new Error(
      `"${address}" is not the address of a server: write HOST, HOST:PORT, [IPV6]:PORT or unix:/path`,
    );
  const strange = words.find(word => !PARAMETER.test(word));
  if (strange !== undefined)
    throw new Error(
      `"${strange}" is none of weight=N, max_fails=N, fail_timeout=TIME, max_conns=N, slow_start=TIME, route=NAME, backup, down, drain`,
    );
  // A backup alone would be refused: another one stands beside it.
  const text = `http { upstream new { server 127.0.0.1:1; server "${address}" ${words.join(' ')}; } }`;
  const source = { read: () => text, glob: () => [] };
  const { model, diagnostics } = checkConfig('command', { source, prefix: '/', confDir: '/' });
  const member = model?.http?.pools[0]?.members[1];
  if (!member) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return member;
}
