/** What nginx refuses or warns of in a pool because of what stands before or beside it. */
import type { Faults } from '../diagnostic.ts';
import type { Node } from '../parse.ts';

const METHODS = new Set(['ip_hash', 'least_conn', 'hash', 'random', 'least_time', 'balance']);
/** In nginx each of these wraps the method chosen before it, and a method after it undoes it. */
const AFTER_METHOD = new Set(['keepalive', 'sticky', 'queue']);
/** Methods that can do nothing with backups and slow starts. */
const PLAIN = new Set(['ip_hash', 'hash', 'random']);

/** @param rows the lines of an upstream block */
export function checkOrder(rows: readonly Node[], faults: Faults): void {
  const methods = rows.filter(row => METHODS.has(row.name.text));
  for (const method of methods.slice(1))
    faults.warn(
      'balance-redefined',
      'the load balancing method is redefined',
      method.name,
      'the last one counts; keep one',
    );
  const first = rows.findIndex(row => AFTER_METHOD.has(row.name.text));
  for (const method of methods.slice(0, 1)) {
    if (first === -1 || rows.indexOf(method) < first) continue;
    const { text } = rows[first]!.name;
    faults.warn(
      'balance-order',
      `"${method.name.text}" stands after "${text}"`,
      method.name,
      `move it before "${text}": nginx would ignore one of the two`,
    );
  }
  const method = methods.at(-1);
  if (method && PLAIN.has(method.name.text))
    for (const row of rows) refuseParameters(row, method, rows, faults);
}

/** As in nginx an error when the method is known at the line, and no fault that keeps it from starting otherwise. */
function refuseParameters(row: Node, method: Node, rows: readonly Node[], faults: Faults): void {
  const { text: name } = row.name;
  if (name !== 'server' && name !== 'discover') return;
  for (const token of row.args.slice(1)) {
    if (token.text !== 'backup' && !token.text.startsWith('slow_start=')) continue;
    const parameter = token.text.replace(/=.*/, '');
    const message = `"${method.name.text}" does not support the parameter "${parameter}"`;
    const hint = `remove "${parameter}", or choose another method`;
    if (rows.indexOf(method) < rows.indexOf(row)) faults.error('value', `${name}: ${message}`, token, hint);
    else faults.warn('balance-order', message, token, hint);
  }
}
