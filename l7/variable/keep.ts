/** Whether the value of a variable is kept for the rest of the request. A value that `set` gave it stays in either case. */
import type { Exchange } from '../exchange.ts';
import type { Getter, Text } from './space.ts';

/** While the value is worked out it is empty, which ends a circle of variables. */
export function keptOnce(work: Text, slot: number): Getter {
  return (exchange: Exchange) => {
    const known = exchange.slots[slot];
    if (known !== undefined) return known;
    exchange.slots[slot] = '';
    return (exchange.slots[slot] = work(exchange));
  };
}

export function workedOutEachTime(work: Text, slot: number): Getter {
  return (exchange: Exchange) => {
    const known = exchange.slots[slot];
    if (known !== undefined) return known;
    exchange.slots[slot] = '';
    const value = work(exchange);
    exchange.slots[slot] = undefined;
    return value;
  };
}
