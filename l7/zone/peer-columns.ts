/** The memory of a pool: a column per property of its members, and rows per thread. */

/** The memory and whose it is: plain data, posted to the threads as it is. */
export type SharedPeers = {
  readonly sab: SharedArrayBuffer;
  readonly names: readonly string[];
  readonly slots: number;
};

/** What is counted per member and thread; all but the last two only ever grow. */
export const COUNT = {
  connections: 0,
  requests: 1,
  fails: 2,
  responses1xx: 3,
  responses2xx: 4,
  responses3xx: 5,
  responses4xx: 6,
  responses5xx: 7,
  bytesReceived: 8,
  bytesSent: 9,
  /** Requests that have no answer yet, and the sum of the times when they began, in ms. */
  waiting: 10,
  waitingSinceMs: 11,
} as const;

export type PeerCount = (typeof COUNT)[keyof typeof COUNT];

/** How many counts there are. */
export const COUNTS = Object.keys(COUNT).length;

/** Int32 cells of the head: the lock, and on a cache line of its own the turn. */
export const HEAD_INTS = 32;
const INT_COLUMNS = 7;
const FLOAT_COLUMNS = 8;

/** Columns and rows begin on cache lines of their own: 16 Int32 or 8 Float64 cells each. */
const padded = (cells: number) => Math.ceil(cells / 16) * 16;

/** Makes memory, all 0, for these members. */
export function createColumns(names: readonly string[], slots: number): SharedPeers {
  const column = padded(names.length);
  const ints = HEAD_INTS + INT_COLUMNS * column + names.length * padded(slots);
  const floats = FLOAT_COLUMNS * column + slots * padded(names.length * COUNTS);
  return { sab: new SharedArrayBuffer(4 * ints + 8 * floats), names, slots };
}

/** Typed views of the memory. Columns are indexed by member; they are read freely, and written under the pool's lock. */
export class PeerColumns {
  /** As configured. */
  readonly weight: Int32Array;
  /** The weight, less what failures took from it until it recovers. */
  readonly effectiveWeight: Int32Array;
  /** Smooth round robin's running weight. */
  readonly currentWeight: Int32Array;
  /** Failures within the present fail_timeout. */
  readonly fails: Int32Array;
  /** Faulty answers in a row. */
  readonly faulty: Int32Array;
  /** Ejections that are not forgiven yet. */
  readonly ejections: Int32Array;
  /** When the last failure was, in ms; 0 is never. */
  readonly failedMs: Float64Array;
  /** When the member was last tried after failures, in ms. */
  readonly checkedMs: Float64Array;
  /** When the slow start began, in ms; 0 is none. */
  readonly slowStartMs: Float64Array;
  /** When the ejection ends, in ms. */
  readonly ejectedUntilMs: Float64Array;
  /** Moving average of the time to the head of the response; 0 is not known yet. */
  readonly headerMs: Float64Array;
  /** Moving average of the time to the end of the response; 0 is not known yet. */
  readonly responseMs: Float64Array;
  /** Peak-sensitive moving average of the time to the head of the response, and when it was last moved, in ms. */
  readonly peakMs: Float64Array;
  readonly peakAtMs: Float64Array;
  protected readonly head: Int32Array;
  protected readonly states: Int32Array;
  /** Requests in flight: one row of `laneLength` for each member, one cell for each slot, with one writer. */
  protected readonly lanes: Int32Array;
  protected readonly laneLength: number;
  /** Counts by thread: one row of `rowLength` for each slot, COUNTS cells for each member, with one writer. */
  protected readonly counts: Float64Array;
  protected readonly rowLength: number;

  constructor({ sab, names, slots }: SharedPeers) {
    let offset = 0;
    const ints = (cells: number) => {
      offset += 4 * cells;
      return new Int32Array(sab, offset - 4 * cells, cells);
    };
    const floats = (cells: number) => {
      offset += 8 * cells;
      return new Float64Array(sab, offset - 8 * cells, cells);
    };
    const column = padded(names.length);
    this.laneLength = padded(slots);
    this.rowLength = padded(names.length * COUNTS);
    this.head = ints(HEAD_INTS);
    this.states = ints(column);
    this.weight = ints(column);
    this.effectiveWeight = ints(column);
    this.currentWeight = ints(column);
    this.fails = ints(column);
    this.faulty = ints(column);
    this.ejections = ints(column);
    this.lanes = ints(names.length * this.laneLength);
    this.failedMs = floats(column);
    this.checkedMs = floats(column);
    this.slowStartMs = floats(column);
    this.ejectedUntilMs = floats(column);
    this.headerMs = floats(column);
    this.responseMs = floats(column);
    this.peakMs = floats(column);
    this.peakAtMs = floats(column);
    this.counts = floats(slots * this.rowLength);
  }
}
