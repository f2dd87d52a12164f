/** Configurations that must not come into force: one that no check passes, one that the kernel refuses; the running one has to stay. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Box } from './box.ts';
import type { Findings, Strike } from './fault.ts';
import type { Node } from './node.ts';
import { askReload, configurationOf, reload, reloadEnd, statusOf } from './reloads.ts';

/** Nothing is known by this name. */
const UNKNOWN = 'nonsense on;\n';
/** On an address that is no host's (RFC 5737): nobody can listen there. */
const UNHEARD = 'server { listen 192.0.2.1:9; }\n';

const withUnheard = (sound: string): string =>
  /^http \{$/m.test(sound)
    ? sound.replace(/^http \{\n/m, `http {\n${UNHEARD}`)
    : `${sound}http {\n${UNHEARD}}\n`;

export const poison: Strike = async (box, findings) => {
  const sound = new Map(box.appliances.map(node => [node, readFileSync(configurationOf(node), 'latin1')]));
  const lines = new Set<string>();
  for (const [node, text] of sound)
    for (const line of await poisoned(box, node, text, findings)) lines.add(line);
  for (const line of lines) findings.note(line);
  return async () => {
    for (const [node, text] of sound) {
      writeFileSync(configurationOf(node), text, { encoding: 'latin1' });
      const refusal = await reload(box.options.moat, node);
      if (refusal !== undefined) findings.wrong(`${node.name} refused the sound one again: ${refusal}`);
    }
  };
};

/** @returns how each was refused */
async function poisoned(box: Box, node: Node, sound: string, findings: Findings): Promise<string[]> {
  const before = await statusOf(node);
  writeFileSync(configurationOf(node), sound + UNKNOWN, { encoding: 'latin1' });
  const refused = await askReload(box.options.moat, node);
  const place = `${configurationOf(node)}:${sound.split('\n').length}`;
  if (refused === undefined) findings.wrong(`${node.name}: moat reload took an unknown directive`);
  else if (!refused.includes(place)) findings.wrong(`${node.name}: moat reload named no line: ${refused}`);
  process.kill(node.pid!, 'SIGHUP'); // as scripts do, which check nothing
  const refusals = [await reloadEnd(node, before)];
  const between = await statusOf(node);
  writeFileSync(configurationOf(node), withUnheard(sound), { encoding: 'latin1' });
  const told = await askReload(box.options.moat, node);
  refusals.push(told ?? (await reloadEnd(node, between)));
  const { revision } = await statusOf(node);
  if (revision !== before.revision || refusals.includes(undefined))
    findings.wrong(`${node.name} took a poisoned configuration`);
  return refusals.map(text => `refused: ${(text ?? 'nothing').replaceAll(node.dir, '').split('\n')[0]}`);
}
