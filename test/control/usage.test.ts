/** `--help` of every command: a text on stdout, whose forms are those of the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS, type Command } from '../../control/commands.ts';
import { OptionFault, readOptions } from '../../control/options.ts';
import { asksForHelp, helpOf, usageLines } from '../../control/usage.ts';

test('usage: forms stand below each other, options of all of them once', () => {
  const use = { usage: 'l4 list [--stats | --rate] | up|down REAL [-c FILE] [--json]', summary: 'show' };
  assert.equal(
    usageLines(use),
    'usage: moat l4 list [--stats | --rate]\n       moat l4 up|down REAL\n       each of them with [-c FILE] [--json]\n',
  );
  assert.match(helpOf(use), /^show$[\s\S]*^ {2}-c FILE {2}the configuration[\s\S]*^ {2}--json {3}the same/m);
  assert.equal(usageLines(COMMANDS.confirm), `usage: moat ${COMMANDS.confirm.usage}\n`);
});

test('usage: each command has a text of its own form', async () => {
  for (const [name, row] of Object.entries(COMMANDS)) {
    const command: Command = await row.load();
    assert.match(command.help ?? helpOf(row), new RegExp(`^.*moat ${name}`, 'm'), name);
  }
});

test('--help is asked for by an option, not by a text after --', () => {
  assert.ok(asksForHelp(['list', '--help']) && asksForHelp(['-h']));
  assert.ok(!asksForHelp(['--', '--help']) && !asksForHelp(['help']));
});

test('options: a misspelt one is told with the one that was meant', () => {
  const read = (...args: string[]) => readOptions(args, { json: { type: 'boolean' } });
  assert.throws(() => read('--jsn'), new OptionFault('unknown option "--jsn": did you mean "--json"?'));
  assert.throws(() => read('-z'), new OptionFault('unknown option "-z"'));
});
