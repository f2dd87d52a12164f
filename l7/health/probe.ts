/** What every kind of health check is: a question to one member, asked again and again. */
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { AnswerVariables } from './answer.ts';
import type { CheckContexts } from './tls.ts';

export interface CheckTarget {
  readonly host: string;
  readonly port: number;
  readonly unixPath: string | undefined;
}

export interface Probe {
  /** Asks once. @returns why the member did not pass; undefined when it did */
  run(): Promise<string | undefined>;
  /** Lets go of what is kept between questions. */
  close(): void;
}

/** What all probes share. */
export interface ProbeMeans {
  readonly variables: AnswerVariables;
  readonly contexts: CheckContexts;
}

export type ProbeMaker = (check: HealthCheckModel, target: CheckTarget, means: ProbeMeans) => Probe;

/** A check takes at most this long: to connect, and to answer. */
export const patienceMs = ({ proxy }: HealthCheckModel): number =>
  proxy.connectTimeoutMs + proxy.readTimeoutMs;
