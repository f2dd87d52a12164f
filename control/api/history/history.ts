/** What metrics were: each second for an hour, each minute for 30 days, in bounded memory and a file of bounded size. */
import { fromCell, MINUTES, MOST_NAME, MOST_SERIES, type RingFile, SECONDS, toCell } from './ring-file.ts';

/** A series that nobody has written for so long gives its place to another. */
const UNUSED_S = 3600;
const MINUTE_S = 60;
/** Points of one answer. */
const MOST_POINTS = 1500;

interface Series {
  readonly slot: number;
  readonly seconds: Float32Array<ArrayBuffer>;
  lastS: number;
}

export interface Range {
  /** Of 1970. */
  readonly sinceS: number;
  readonly untilS: number;
  /** At least so much between points. */
  readonly stepS: number;
}

export interface Curve {
  readonly stepS: number;
  /** Begin of each step, mean and most in it; where nothing is known there is none. */
  readonly points: readonly (readonly [atS: number, mean: number, most: number])[];
}

/** Mean and most of a unit of time; undefined: nothing is known. */
type Read = (atS: number) => readonly [mean: number, most: number] | undefined;

export class History {
  readonly #file: RingFile | undefined;
  readonly #tell: (message: string) => void;
  readonly #series = new Map<string, Series>();
  #lastS = 0;
  #writtenS = 0;
  #isDiskBad = false;
  #dropped = 0;

  /** @param file undefined: minutes are not kept, nor is anything over a restart @param tell takes what is to be logged */
  constructor(file: RingFile | undefined, nowS: number, tell: (message: string) => void) {
    this.#file = file;
    this.#tell = tell;
    if (file) this.#disk(() => this.#load(file, nowS));
  }

  /** Series that found no place: there are {@link MOST_SERIES}. */
  get dropped(): number {
    return this.#dropped;
  }

  names(): string[] {
    return [...this.#series.keys()].sort();
  }

  /** What was in this second. A second that has been, or that a clock comes back to, is left out. */
  record(nowS: number, values: ReadonlyMap<string, number>): void {
    if (nowS < this.#lastS - SECONDS) this.#forgetAll(); // the clock was wrong by more than we know
    if (nowS <= this.#lastS) return;
    const [minute, nowMinute] = [minuteOf(this.#lastS), minuteOf(nowS)];
    if (this.#lastS > 0 && nowMinute > minute) {
      this.#endMinute(minute);
      this.#blankMinutes(minute + 1, nowMinute - 1);
    }
    this.#blank(this.#lastS, nowS);
    this.#lastS = nowS;
    for (const [name, value] of values) {
      const series = this.#series.get(name) ?? this.#open(name, nowS);
      if (!series) continue;
      series.seconds[nowS % SECONDS] = toCell(value);
      series.lastS = nowS;
    }
  }

  /** @returns undefined: there is no such series */
  curve(name: string, { sinceS, untilS, stepS }: Range): Curve | undefined {
    const series = this.#series.get(name);
    if (!series) return undefined;
    const firstS = Math.max(sinceS, this.#lastS - MINUTES * MINUTE_S);
    const isRecent = sinceS > this.#lastS - SECONDS && stepS < MINUTE_S;
    const unitS = isRecent ? 1 : MINUTE_S;
    const widthS = Math.max(stepS, Math.ceil((untilS - firstS) / MOST_POINTS));
    const step = Math.ceil(widthS / unitS) * unitS;
    const read = isRecent ? this.#recent(series) : this.#old(series);
    const [from, to] = isRecent
      ? [Math.max(sinceS, this.#lastS - SECONDS + 1), this.#lastS + 1]
      : [(minuteOf(this.#lastS) - MINUTES + 1) * MINUTE_S, minuteOf(this.#lastS) * MINUTE_S];
    const first = Math.max(minuteOf(firstS) * MINUTE_S, from);
    return {
      stepS: step,
      points: gathered(isRecent ? from : first, Math.min(untilS, to), unitS, step, read),
    };
  }

  close(): void {
    this.#write();
    this.#file?.close();
  }

  #recent({ seconds }: Series): Read {
    return atS => {
      const value = fromCell(seconds[atS % SECONDS]!);
      return value === undefined ? undefined : [value, value];
    };
  }

  #old({ slot }: Series): Read {
    const cells = this.#disk(() => this.#file?.minutes(slot));
    return atS => {
      const index = (minuteOf(atS) % MINUTES) * 2;
      const mean = fromCell(cells?.[index] ?? 0);
      return mean === undefined ? undefined : [mean, fromCell(cells![index + 1]!) ?? mean];
    };
  }

  /** Seconds between, of which nothing is known. */
  #blank(lastS: number, nowS: number): void {
    const count = Math.min(nowS - lastS, SECONDS);
    for (const { seconds } of this.#series.values())
      for (let at = 0; at < count; at++) seconds[(nowS - at) % SECONDS] = 0;
  }

  #open(name: string, nowS: number): Series | undefined {
    if (name.length > MOST_NAME) return undefined;
    const slot = this.#place(nowS);
    if (slot === undefined) {
      if (this.#dropped++ === 0)
        this.#tell(`there are ${MOST_SERIES} metrics: "${name}" and others are not kept`);
      return undefined;
    }
    const series: Series = { slot, seconds: new Float32Array(SECONDS), lastS: nowS };
    this.#series.set(name, series);
    this.#disk(() => this.#file?.name(slot, name));
    return series;
  }

  /** A free slot, or that of the series that was not written for longest. */
  #place(nowS: number): number | undefined {
    if (this.#series.size < MOST_SERIES) {
      const taken = new Set([...this.#series.values()].map(({ slot }) => slot));
      for (let slot = 0; ; slot++) if (!taken.has(slot)) return slot;
    }
    const [name, oldest] = [...this.#series].reduce((a, b) => (b[1].lastS < a[1].lastS ? b : a));
    if (nowS - oldest.lastS < UNUSED_S) return undefined;
    this.#series.delete(name);
    return oldest.slot;
  }

  /** Makes a cell of the minute that has ended, and writes all that is new. */
  #endMinute(minute: number): void {
    const file = this.#file;
    if (!file) return;
    this.#disk(() => {
      for (const { slot, seconds } of this.#series.values())
        file.writeMinutes(slot, minute % MINUTES, pairOf(seconds, minute));
    });
    this.#write();
  }

  #write(): void {
    const file = this.#file;
    if (!file || this.#lastS === this.#writtenS) return;
    const first = Math.max(this.#writtenS + 1, this.#lastS - SECONDS + 1);
    this.#disk(() => {
      for (const { slot, seconds } of this.#series.values())
        for (const [from, to] of pieces(first, this.#lastS, SECONDS))
          file.writeSeconds(slot, from, seconds.subarray(from, to + 1));
      file.setLastS(this.#lastS);
      this.#writtenS = this.#lastS;
    });
  }

  /** Minutes in which nothing was recorded have what was there a lap before. */
  #blankMinutes(first: number, last: number): void {
    const file = this.#file;
    if (!file || last < first) return;
    this.#disk(() => {
      for (const { slot } of this.#series.values())
        for (const [from, to] of pieces(Math.max(first, last - MINUTES + 1), last, MINUTES))
          file.writeMinutes(slot, from, new Float32Array(2 * (to - from + 1)));
    });
  }

  #load(file: RingFile, nowS: number): void {
    const { lastS } = file;
    if (lastS > nowS + SECONDS) return; // written by a clock that was wrong: names are given anew
    file.names().forEach((name, slot) => {
      if (name === undefined || lastS === 0 || this.#series.has(name)) return;
      this.#series.set(name, { slot, seconds: file.seconds(slot), lastS });
    });
    this.#lastS = lastS;
    this.#writtenS = lastS;
  }

  #forgetAll(): void {
    this.#series.clear();
    this.#lastS = 0;
    this.#writtenS = 0;
  }

  /** A disk that refuses costs what would be there after a restart, and nothing else. */
  #disk<T>(work: () => T): T | undefined {
    try {
      const done = work();
      this.#isDiskBad = false;
      return done;
    } catch (fault) {
      if (!this.#isDiskBad) this.#tell(`the history of metrics cannot be kept: ${(fault as Error).message}`);
      this.#isDiskBad = true;
      return undefined;
    }
  }
}

const minuteOf = (atS: number): number => Math.floor(atS / MINUTE_S);

/** Mean and most of a minute's seconds. */
function pairOf(seconds: Float32Array, minute: number): Float32Array {
  let sum = 0;
  let count = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < MINUTE_S; at++) {
    const value = fromCell(seconds[(minute * MINUTE_S + at) % SECONDS]!);
    if (value === undefined) continue;
    sum += value;
    count++;
    most = Math.max(most, value);
  }
  return count === 0 ? new Float32Array(2) : Float32Array.of(toCell(sum / count), toCell(most));
}

/** A range of numbers as ranges of places in a ring: two where it wraps. */
function pieces(first: number, last: number, size: number): [from: number, to: number][] {
  const [from, to] = [first % size, last % size];
  if (last - first + 1 >= size) return [[0, size - 1]];
  return from <= to
    ? [[from, to]]
    : [
        [from, size - 1],
        [0, to],
      ];
}

function gathered(firstS: number, lastS: number, unitS: number, stepS: number, read: Read): Curve['points'] {
  const points: [number, number, number][] = [];
  for (let beginS = Math.floor(firstS / stepS) * stepS; beginS < lastS; beginS += stepS) {
    let sum = 0;
    let count = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let atS = Math.max(beginS, firstS); atS < Math.min(beginS + stepS, lastS); atS += unitS) {
      const found = read(atS);
      if (!found) continue;
      sum += found[0];
      count++;
      most = Math.max(most, found[1]);
    }
    if (count > 0) points.push([beginS, sum / count, most]);
  }
  return points;
}
