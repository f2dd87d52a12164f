/** Reads Prometheus' text format 0.0.4 strictly: what is not exactly in its grammar, or stands twice, is a fault. */
import assert from 'node:assert/strict';

export interface Family {
  readonly type: string;
  /** By the text of their name and labels. */
  readonly samples: Map<string, number>;
}

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/y;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const TYPES = ['counter', 'gauge', 'histogram'];

/** @throws {AssertionError} where the text is not in the format */
export function readExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line ends');
  const families = new Map<string, Family>();
  let name = '';
  let helped = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/.exec(line)?.[1];
    const [, typed, type = ''] = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (\w+)$/.exec(line) ?? [];
    if (help) helped = help;
    else if (typed) {
      assert.equal(typed, helped, 'HELP and TYPE stand together');
      assert.ok(TYPES.includes(type), line);
      assert.ok(!families.has(typed), `${typed} stands twice`);
      if (type === 'counter') assert.match(typed, /_total$/);
      families.set((name = typed), { type, samples: new Map() });
    } else readSample(line, name, families.get(name));
  }
  for (const [family, { type, samples }] of families) if (type === 'histogram') judge(family, samples);
  return families;
}

function readSample(line: string, family: string, known: Family | undefined): void {
  const [, name = '', labels, value = ''] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`);
  const bare = known?.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name;
  assert.equal(bare, family, `a sample outside of its family: ${line}`);
  if (labels !== undefined) requireLabels(labels);
  const key = line.slice(0, line.lastIndexOf(' '));
  assert.ok(!known!.samples.has(key), `a series stands twice: ${key}`);
  known!.samples.set(key, Number(value.replace('Inf', 'Infinity')));
}

function requireLabels(labels: string): void {
  const names = new Set<string>();
  for (let at = 0; at < labels.length; at++) {
    LABEL.lastIndex = at;
    const [all = '', name = ''] = LABEL.exec(labels) ?? assert.fail(`not labels: ${labels}`);
    assert.ok(!names.has(name), `a label stands twice: ${labels}`);
    names.add(name);
    at += all.length;
    if (at < labels.length) assert.equal(labels[at], ',');
  }
}

/** Buckets add up and end with +Inf, which is the count. */
function judge(name: string, samples: Map<string, number>): void {
  const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket{`));
  let before = 0;
  for (const [key, count] of buckets) {
    assert.ok(count >= before, `${key} is less than the bucket before`);
    before = count;
  }
  assert.equal(samples.get(`${name}_bucket{le="+Inf"}`), before);
  assert.equal(samples.get(`${name}_count`), before);
  assert.ok((samples.get(`${name}_sum`) ?? -1) >= 0);
}

/** The value of a series by its name and labels as written; 0 when it is not there. */
export function numberOf(families: ReadonlyMap<string, Family>, series: string): number {
  const name = series.replace(/\{.*/, '');
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return family?.samples.get(series) ?? 0;
}
