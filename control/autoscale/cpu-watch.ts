/** How busy the members of pools are: node_exporter on each is asked every few seconds. It lives in the process of the API. */
import { request } from 'node:http';
import type { AutoscaleModel } from '#model/autoscale.ts';
import type { Sample } from '../status/sample.ts';
import { busyPercent, type CpuTimes, cpuTimesOf } from './cpu-times.ts';
import { loadCurve, poolOf } from './readings.ts';

const EVERY_MS = 5000;
const PATIENCE_MS = 4000;
const MOST_BYTES = 4 << 20;
const MOST_AT_ONCE = 32;
/** What is older says nothing of now. */
const FRESH_MS = 30_000;
const AT_LEAST_KNOWN = 0.5;

export interface CpuMeans {
  readonly nowMs: () => number;
  readonly tell: (message: string) => void;
  readonly signal: AbortSignal;
}

interface Known {
  readonly times: CpuTimes;
  readonly percent: number | undefined;
  readonly atMs: number;
}

export class CpuWatch {
  readonly #rows: readonly Row[];

  constructor(models: readonly AutoscaleModel[], means: CpuMeans) {
    this.#rows = models.filter(({ exporter }) => exporter !== undefined).map(model => new Row(model, means));
  }

  /** Adds what is known now, and asks again when it is time. */
  readInto(values: Map<string, number>, { report }: Sample): void {
    for (const row of this.#rows) row.readInto(values, report);
  }
}

class Row {
  readonly #model: AutoscaleModel;
  readonly #means: CpuMeans;
  /** By host. */
  #known: ReadonlyMap<string, Known> = new Map();
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #fault: string | undefined;

  constructor(model: AutoscaleModel, means: CpuMeans) {
    this.#model = model;
    this.#means = means;
  }

  readInto(values: Map<string, number>, report: Sample['report']): void {
    const members = hostsOf(report, this.#model.pool);
    const hosts = [...new Set(members)];
    const nowMs = this.#means.nowMs();
    const percents = hosts.flatMap(host => {
      const { percent, atMs = 0 } = this.#known.get(host) ?? {};
      return percent === undefined || nowMs - atMs > FRESH_MS ? [] : [percent];
    });
    // Those that say nothing are taken to be as busy as the others: a member that has just started must not count as idle.
    if (percents.length > 0 && percents.length >= hosts.length * AT_LEAST_KNOWN)
      values.set(
        loadCurve(this.#model),
        (percents.reduce((sum, one) => sum + one, 0) / percents.length) * members.length,
      );
    if (this.#isAsking || nowMs - this.#askedMs < EVERY_MS) return;
    this.#askedMs = nowMs;
    void this.#ask(hosts);
  }

  async #ask(hosts: readonly string[]): Promise<void> {
    this.#isAsking = true;
    const left = [...hosts];
    const known = new Map<string, Known>();
    const faults: string[] = [];
    const work = async () => {
      for (let host = left.pop(); host !== undefined; host = left.pop())
        try {
          known.set(host, await this.#look(host));
        } catch (fault) {
          faults.push(`${host}: ${(fault as Error).message}`);
          const before = this.#known.get(host);
          if (before) known.set(host, before);
        }
    };
    await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, left.length) }, work));
    this.#known = known;
    this.#isAsking = false;
    this.#tell(faults, hosts.length);
  }

  #tell(faults: readonly string[], asked: number): void {
    if (this.#means.signal.aborted) return;
    const isNews = faults.length > 0 && this.#fault === undefined;
    this.#fault = faults[0];
    if (isNews)
      this.#means.tell(
        `autoscale: pool "${this.#model.pool}": ${faults.length} of ${asked} members do not tell how busy they are, the first is ${faults[0]}`,
      );
  }

  async #look(host: string): Promise<Known> {
    const { port = 0, path = '' } = this.#model.exporter ?? {};
    const times = cpuTimesOf(await pageOf({ host, port, path }, this.#means.signal));
    if (!times) throw new Error('its page has no node_cpu_seconds_total');
    const before = this.#known.get(host)?.times;
    return { times, percent: before && busyPercent(before, times), atMs: this.#means.nowMs() };
  }
}

/** Of members that are there. */
function hostsOf(report: Sample['report'], pool: string): string[] {
  const members = poolOf({ report }, pool)?.members ?? [];
  const hosts = members
    .filter(({ backup, state }) => !backup && state !== 'down')
    .map(({ address }) => /^\[?([^\]]+?)\]?:\d+$/.exec(address)?.[1]);
  return hosts.filter(host => host !== undefined);
}

/** @throws {Error} with the reason */
function pageOf(
  place: { readonly host: string; readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<string> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  return new Promise((done, fail) => {
    const refuse = (fault: Error) =>
      fail(
        new Error(
          fault.name === 'AbortError'
            ? 'it does not answer in time'
            : ((fault as NodeJS.ErrnoException).code ?? fault.message),
        ),
      );
    const asked = request(
      { ...place, agent: false, signal: either, headers: { 'User-Agent': 'moat' } },
      response => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        response.on('error', refuse);
        if (response.statusCode !== 200) {
          response.destroy();
          return fail(new Error(`it answers ${response.statusCode}`));
        }
        response.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes > MOST_BYTES)
            return response.destroy(new Error(`its page is longer than ${MOST_BYTES >> 20} MB`));
          pieces.push(piece);
        });
        response.on('end', () => done(Buffer.concat(pieces).toString('latin1')));
      },
    );
    asked.on('error', refuse);
    asked.end();
  });
}
