/** Variables of the arguments, of query and body. */
import type { Transaction } from '../transaction.ts';
import { fixed, many, names, one } from './define.ts';
import type { Entry, Variable } from './variable.ts';

const get = (t: Transaction) => t.request.argsGet;
const post = (t: Transaction) => t.body.args;

function all(t: Transaction): readonly Entry[] {
  if (post(t).length === 0) return get(t);
  return get(t).length === 0 ? post(t) : [...get(t), ...post(t)];
}

const combinedSize = (t: Transaction): number =>
  all(t).reduce((sum, { key, value }) => sum + key.length + value.length, 0);

export const ARGUMENT_VARIABLES: readonly Variable[] = [
  ...fixed([
    many('ARGS_GET', 'Arguments of the query.', get),
    names('ARGS_GET_NAMES', 'Names of arguments of the query.', get),
  ]),
  many('ARGS', 'Arguments of query and body by name, decoded.', all),
  many('ARGS_POST', 'Arguments of the body.', post),
  names('ARGS_NAMES', 'Names of all arguments.', all),
  names('ARGS_POST_NAMES', 'Names of arguments of the body.', post),
  one('ARGS_COMBINED_SIZE', 'Bytes of all names and values of arguments.', t => String(combinedSize(t))),
  one('URLENCODED_ERROR', '1 when a % was not followed by two hexadecimal digits.', t =>
    t.request.urlencodedError ? '1' : '0',
  ),
];
