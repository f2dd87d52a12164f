/** Metrics as Prometheus reads them: its text format, version 0.0.4. */

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;
/** One line of a family. */
export type Sample = readonly [labels: Labels, value: number];

/** What a histogram has seen: `buckets[i]` counts what was at most `bounds[i]` and above the bound before; the last one is the rest. */
export type HistogramSum = {
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sum: number;
};

/** All names begin with it. */
const PREFIX = 'moat_';

/** Gathers families, each of which is written whole and once. */
export class Exposition {
  readonly #lines: string[] = [];

  counter(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, help, 'counter', samples);
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, help, 'gauge', samples);
  }

  /** @param bounds upper bounds of all buckets but the last, in rising order */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    { buckets, count, sum }: HistogramSum,
  ): void {
    this.#head(name, help, 'histogram');
    let below = 0;
    bounds.forEach((bound, at) => {
      below += buckets[at]!;
      this.#sample(`${name}_bucket`, { le: String(bound) }, below);
    });
    this.#sample(`${name}_bucket`, { le: '+Inf' }, count);
    this.#sample(`${name}_sum`, {}, sum);
    this.#sample(`${name}_count`, {}, count);
  }

  /** The page, in UTF-8 as a latin1 string has it: what came from the configuration is as it stood there. */
  text(): string {
    return this.#lines.map(line => `${line}\n`).join('');
  }

  #family(name: string, help: string, type: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    this.#head(name, help, type);
    for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  #head(name: string, help: string, type: string): void {
    this.#lines.push(`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    this.#lines.push(
      `${PREFIX}${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${numberText(value)}`,
    );
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

const numberText = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
