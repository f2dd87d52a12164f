/** Which ways of a choice can go on with the next byte: what a backtracker need not try. */
import { OP, type Program } from './program.ts';

/** Bits of a cell: the way that is preferred, and the other. */
export const FIRST = 1;
export const SECOND = 2;
export const BOTH = 3;

/** Larger tables cost more than they save: patterns of that size are matched by automata, but for their groups. */
const CELLS_MOST = 1 << 16;

/** By `instruction * stride + class`, for each SPLIT; the edge is a class. In doubt a way is open. */
export function waysOf(program: Program): Uint8Array | undefined {
  const { op, next, arg, classes } = program;
  if (op.length * classes.stride > CELLS_MOST) return undefined;
  const ways = new Uint8Array(op.length * classes.stride);
  for (let pc = 0; pc < op.length; pc++) {
    if (op[pc] !== OP.SPLIT) continue;
    const row = ways.subarray(pc * classes.stride, (pc + 1) * classes.stride);
    addOpen(program, next[pc]!, row, FIRST);
    addOpen(program, arg[pc]!, row, SECOND);
  }
  return ways;
}

/** Sets `way` for each class that what starts at `start` can go on with. */
function addOpen(
  { op, next, arg, takes, classes }: Program,
  start: number,
  row: Uint8Array,
  way: number,
): void {
  const { stride } = classes;
  const seen = new Uint8Array(op.length);
  const left = [start];
  while (left.length > 0) {
    const pc = left.pop()!;
    if (seen[pc]) continue;
    seen[pc] = 1;
    switch (op[pc]) {
      case OP.BYTE:
        for (let klass = 0; klass < stride; klass++) if (takes[arg[pc]! * stride + klass]) row[klass]! |= way;
        break;
      case OP.SPLIT:
        left.push(next[pc]!, arg[pc]!);
        break;
      case OP.ASSERT:
      case OP.SAVE:
      case OP.CLOSE:
      case OP.LOOK:
        left.push(next[pc]!);
        break;
      default:
        for (let klass = 0; klass < stride; klass++) row[klass]! |= way;
        return;
    }
  }
}
