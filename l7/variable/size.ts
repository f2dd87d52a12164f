/** Sizes that may stand in a variable. */
import { parseSizeBytes } from '#kit/units.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import type { VariableSpace } from './space.ts';

/** Compiles a size; a text that turns out to be none counts as 0. */
export function sizeOf(
  size: Template | number,
  variables: Pick<VariableSpace, 'text'>,
): (exchange: Exchange) => number {
  if (typeof size === 'number') return () => size;
  const value = variables.text(size);
  return exchange => parseSizeBytes(value(exchange)) ?? 0;
}
