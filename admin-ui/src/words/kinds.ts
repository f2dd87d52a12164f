/** Which states are well, and which are not. */
const GOOD = new Set(['up', 'alive', 'active', 'together', 'pass', 'good', 'enabled', 'valid', 'current']);
const BAD = new Set([
  'down',
  'dead',
  'unhealthy',
  'unavailable',
  'block',
  'apart',
  'critical',
  'expired',
  'unreadable',
  'removed',
  'failing',
]);
const WARN = new Set([
  ...['drain', 'draining', 'drained', 'ejected', 'checking', 'sorry', 'detect', 'initialize', 'leaving'],
  ...['warning', 'soon', 'not-yet', 'disabled', 'silenced', 'stand-in', 'ordering', 'stale', 'kept'],
]);

export const isGood = (state: string): boolean => GOOD.has(state);

export const kindOf = (state: string): 'good' | 'bad' | 'warn' | 'plain' =>
  isGood(state) ? 'good' : BAD.has(state) ? 'bad' : WARN.has(state) ? 'warn' : 'plain';
