/** What a drill breaks, as its command line says: the box, or a cluster by its plan. */
import { readFileSync } from 'node:fs';
import type { Blow } from '../box/drill.ts';
import { tableOfBlows } from '../box/drill-table.ts';
import { partitionsMissing } from '../box/faults.ts';
import { boxMissing } from '../box/missing.ts';
import { directorsOf, moatWords, modeOf, numberOf, rateOf, witnessOf } from '../box/options.ts';
import { say } from '../complaint.ts';
import { bytesOf } from '../host/path-bytes.ts';
import { systemReason } from '../load.ts';
import { OptionFault } from '../options.ts';
import { drillBox, resultOf } from './box.ts';
import { drillCluster } from './cluster.ts';
import { type ClusterPlan, PlanFault, readPlan } from './plan.ts';
import { type DrillResult, lineOf } from './report.ts';

export interface DrillValues {
  readonly seed?: string | undefined;
  readonly faults?: string | undefined;
  readonly only?: string[] | undefined;
  readonly mode?: string | undefined;
  readonly rate?: string | undefined;
  readonly directors?: string | undefined;
  readonly witness?: string | undefined;
  readonly report?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface Target {
  /** In words. */
  readonly target: string;
  /** @param done is told of each fault @throws {Error} with the reason when it had to stop */
  drill(signal: AbortSignal, done: (result: DrillResult) => void): Promise<void>;
}

const MOST_FAULTS = 100_000;
/** A report is read by people, and written at once. */
const MOST_REPORTED = 10_000;
const MOST_SEED = 2 ** 32 - 1;
/** For logs and state of a node, until they are trimmed. */
const DISK_BYTES = 32 << 20;
/** Said with a plan, they would mean nothing. */
const OF_THE_BOX = ['seed', 'faults', 'mode', 'rate', 'directors', 'witness'] as const;

/** @throws {OptionFault} */
export function boxTarget(values: DrillValues): Target {
  const seed = values.seed === undefined ? undefined : numberOf(values.seed, 0, MOST_SEED, 'a seed');
  if (values.faults !== undefined && seed === undefined)
    throw new OptionFault('--faults is a number of random ones: say --seed too');
  const mostFaults = values.report === undefined ? MOST_FAULTS : MOST_REPORTED;
  const count = numberOf(values.faults, 20, mostFaults, 'a number of faults');
  const directors = directorsOf(values.directors);
  if (directors === 1) throw new OptionFault('one director is no pair: say 2, or 0');
  const options = {
    ...{ http: 8080, https: 8443, mode: modeOf(values.mode), directors, witness: witnessOf(values.witness) },
    perSecond: rateOf(values.rate, 100),
    diskBytes: DISK_BYTES,
    moat: moatWords(),
  };
  const { mode, witness, perSecond } = options;
  const target = `the box: ${directors === 0 ? 'a pair of proxies' : `directors by ${mode}`}, witness ${witness}, ${perSecond} requests a second`;
  const blows: Blow[] = [];
  return {
    target: seed === undefined ? target : `${target}, seed ${seed}`,
    async drill(signal, done) {
      const missing = boxMissing();
      if (missing) throw new Error(`${missing.what}: ${missing.remedy}`);
      const partitions = partitionsMissing();
      if (partitions !== undefined) say(`moat drill: ${partitions}\n`);
      try {
        await drillBox(options, { seed, count, only: values.only ?? [] }, signal, blow => {
          blows.push(blow);
          const result = resultOf(blow);
          done(result);
          process.stdout.write(values.json ? `${JSON.stringify(blow)}\n` : lineOf(result));
        });
      } finally {
        if (!values.json && blows.length > 0) process.stdout.write(`\n${tableOfBlows(blows)}\n`);
      }
    },
  };
}

/** @throws {OptionFault} */
export function clusterTarget(values: DrillValues, path: string): Target {
  const strange = OF_THE_BOX.find(name => values[name] !== undefined);
  if (strange !== undefined)
    throw new OptionFault(`--${strange} is of the box: the plan says what is broken`);
  const { only = [''] } = values;
  return {
    target: `the plan ${path}`,
    async drill(signal, done) {
      const plan = planOf(path);
      const faults = plan.faults.filter(({ name }) => only.some(text => name.includes(text)));
      if (faults.length === 0)
        throw new OptionFault(
          `no fault has that in its name: ${plan.faults.map(({ name }) => name).join('; ')}`,
        );
      await drillCluster({ ...plan, faults }, path, signal, result => {
        done(result);
        process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : lineOf(result));
      });
    },
  };
}

/** @throws {Error} with what is wrong with it, and where */
function planOf(path: string): ClusterPlan {
  try {
    return readPlan(readFileSync(bytesOf(path), 'latin1'), path);
  } catch (fault) {
    if (fault instanceof PlanFault) throw fault;
    throw new Error(`the plan "${path}" cannot be read ${systemReason(fault)}`, { cause: fault });
  }
}
