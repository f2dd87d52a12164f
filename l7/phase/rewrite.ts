/** Runs the rewrite module's programs: if, set, rewrite, return, break. */
import type { RewriteStep } from '#model/l7/rewrite.ts';
import { answerText } from '../content/return.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { NEXT, type Verdict } from './verdict.ts';

/** @returns NEXT, a status, DONE, or RELOCATE; BREAK_OFF ends the program and goes on with the next phase */
export type CompiledStep = (exchange: Exchange) => Verdict;
export type RewriteProgram = readonly CompiledStep[];

/** Verdict inside programs: `break` was met. */
const BREAK_OFF = -4;

export function runRewrite(exchange: Exchange, program: RewriteProgram): Verdict {
  for (const step of program) {
    const verdict = step(exchange);
    if (verdict === BREAK_OFF) return NEXT;
    if (verdict !== NEXT) return verdict;
  }
  return NEXT;
}

export function compileRewrite(
  steps: readonly RewriteStep[],
  compiler: Compiler,
): RewriteProgram | undefined {
  return steps.length === 0 ? undefined : steps.map(step => STEPS[step.step](step as never, compiler));
}

type StepMakers = {
  readonly [K in RewriteStep['step']]: (
    step: Extract<RewriteStep, { step: K }>,
    compiler: Compiler,
  ) => CompiledStep;
};

const notYet = (): CompiledStep => () => 500;

const STEPS: StepMakers = {
  if: notYet,
  set: (step, { variables, text }) => {
    const slot = variables.slot(step.variable);
    const value = text(step.value);
    return exchange => {
      exchange.slots[slot] = value(exchange);
      return NEXT;
    };
  },
  break: () => () => BREAK_OFF,
  return: (step, { text }) => {
    const body = step.text === undefined ? undefined : text(step.text);
    return exchange => answerText(exchange, step.status, body?.(exchange));
  },
  rewrite: notYet,
};
