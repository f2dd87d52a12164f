/** Every scheduler, by its name: what it compiles to. */
import type { SchedulerModel, SchedulerName } from '#model/l4/scheduler.ts';
import { buildRing } from '../maglev.ts';
import type { ScoreRule, Selection } from '../tables.ts';
import { equalBuckets, weightedBuckets } from './buckets.ts';
import type { Candidate } from './candidate.ts';
import { equalTurns, weightedTurns } from './turns.ts';

type Compile = (candidates: readonly Candidate[], model: SchedulerModel, secret: Uint8Array) => Selection;

const idsOf = (candidates: readonly Candidate[]) => Uint32Array.from(candidates, ({ id }) => id);

const scored =
  (rule: ScoreRule): Compile =>
  candidates => ({ kind: 'score', rule, reals: idsOf(candidates) });

const local =
  (rule: 'lblc' | 'lblcr'): Compile =>
  candidates => ({ kind: 'locality', rule, reals: idsOf(candidates) });

const keyOf = ({ port }: SchedulerModel) => (port ? 'source-port' : 'source');

const COMPILE: Readonly<Record<SchedulerName, Compile>> = {
  rr: candidates => ({ kind: 'order', slots: equalTurns(candidates) }),
  wrr: candidates => ({ kind: 'order', slots: weightedTurns(candidates) }),
  lc: scored('lc'),
  wlc: scored('wlc'),
  sed: scored('sed'),
  nq: scored('nq'),
  twos: scored('twos'),
  sh: (candidates, model) => ({ kind: 'ring', key: keyOf(model), slots: weightedBuckets(candidates) }),
  dh: candidates => ({ kind: 'ring', key: 'destination', slots: equalBuckets(candidates) }),
  mh: (candidates, model, secret) => ({
    kind: 'ring',
    key: keyOf(model),
    slots: candidates.length === 0 ? new Uint32Array(0) : buildRing(candidates, secret),
  }),
  lblc: local('lblc'),
  lblcr: local('lblcr'),
};

/**
 * @param candidates in the order of their lines, each of weight 1 or more
 * @param secret keys Maglev's places
 * @returns equal selections for equal candidates
 */
export const selectionOf: Compile = (candidates, model, secret) =>
  COMPILE[model.name](candidates, model, secret);
