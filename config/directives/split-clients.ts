/** `split_clients`: a variable whose values fall to fixed shares of the requests. */
import type { UserVariable } from '#model/l7/variable.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineBlock } from '../registry.ts';
import { onlyValue, type Row, readRows } from '../row.ts';
import { newVariableName } from '../variable-name.ts';

type Part = Extract<UserVariable, { kind: 'split' }>['parts'][number];

/** Shares are written in percent with two decimals, so all of them are this many. */
const ALL = 10_000;

const splitClients = defineBlock({
  name: 'split_clients',
  context: ['http'],
  args: { source: arg.template(), variable: arg.token('$name') },
  block: 'rows',
  repeats: true,
  doc: {
    summary: 'Makes a variable whose value is chosen by the hash of a text, each in its share of all texts.',
    args: { source: 'What is hashed (MurmurHash2, as in nginx).', variable: 'The variable that is made.' },
    example: 'split_clients "$remote_addr$http_user_agent" $variant { 0.5% one; 20% two; * three; }',
    since: '0.1',
  },
  compile({ source, variable }, scope, body) {
    const parts: Part[] = [];
    let sum = 0;
    readRows(body, scope, 'split_clients', row => {
      const part = readPart(row);
      sum = part.share === undefined ? ALL : sum + part.share;
      if (sum > ALL) throw new ArgumentFault('the shares are more than 100 %', undefined, row.key);
      parts.push(part);
    });
    scope.define({ kind: 'split', name: newVariableName(variable), source, parts });
  },
});

function readPart(row: Row): Part {
  const { key } = row;
  const value = onlyValue(row).text;
  if (key.text === '*') return { share: undefined, value };
  const [, whole = '', decimals = ''] = /^(\d*)\.?(\d{0,2})%$/.exec(key.text) ?? [];
  const share = Number(whole) * 100 + Number(decimals.padEnd(2, '0'));
  if (share === 0 || !Number.isSafeInteger(share))
    throw new ArgumentFault(
      `invalid percent value "${key.text}"`,
      'write 0.01% to 100%, or * for the rest',
      key,
    );
  return { share, value };
}

export const SPLIT_CLIENTS = [splitClients];
