/** Runs the rewrite module's programs: if, set, rewrite, return, break. */
import type { RewriteStep } from '#model/l7/rewrite.ts';
import { answerText } from '../content/return.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler, LocationTable } from '../tables.ts';
import { setterOf } from '../variable/set.ts';
import { programText } from './captures.ts';
import { compileCondition } from './condition.ts';
import { BREAK_OFF, type CompiledStep, RELOCATE, type RewriteProgram } from './program.ts';
import { redirectStep, rewriteStep } from './rewrite-path.ts';
import { NEXT, type Verdict } from './verdict.ts';

/** @returns NEXT, RELOCATE, a status, or DONE */
export function runRewrite(exchange: Exchange, program: RewriteProgram): Verdict {
  exchange.pathChanged = false;
  exchange.escapesCaptures = true;
  const verdict = runSteps(exchange, program);
  if (verdict !== NEXT && verdict !== BREAK_OFF) return verdict;
  return exchange.pathChanged ? RELOCATE : NEXT;
}

function runSteps(exchange: Exchange, steps: RewriteProgram): Verdict {
  for (let at = 0; at < steps.length; at++) {
    const verdict = steps[at]!(exchange);
    if (verdict !== NEXT) return verdict;
  }
  return NEXT;
}

/** @param conditional the tables of the location's `if` blocks */
export function compileRewrite(
  steps: readonly RewriteStep[],
  compiler: Compiler,
  conditional: readonly LocationTable[],
): RewriteProgram | undefined {
  if (steps.length === 0) return undefined;
  return steps.map(step => STEPS[step.step](step as never, compiler, conditional));
}

type StepMakers = {
  readonly [K in RewriteStep['step']]: (
    step: Extract<RewriteStep, { step: K }>,
    compiler: Compiler,
    conditional: readonly LocationTable[],
  ) => CompiledStep;
};

const STEPS: StepMakers = {
  if: ({ condition, steps, location }, compiler, conditional) => {
    const holds = compileCondition(condition, compiler);
    const inner = compileRewrite(steps, compiler, conditional) ?? [];
    const inside = location === undefined ? undefined : conditional[location]!;
    return exchange => {
      if (!holds(exchange)) return NEXT;
      if (inside) exchange.location = inside;
      return runSteps(exchange, inner);
    };
  },
  set: (step, { variables }) => {
    const set = setterOf(step.variable, variables);
    const value = programText(step.value, variables);
    return exchange => {
      set(exchange, value(exchange));
      return NEXT;
    };
  },
  break: () => exchange => {
    if (exchange.pathChanged) {
      exchange.pathChanged = false;
      exchange.prefixHolds = false;
    }
    return BREAK_OFF;
  },
  return: ({ status, text: template }, { text }) => {
    if (template === undefined) return exchange => answerText(exchange, status, undefined);
    const body = text(template);
    return exchange => {
      exchange.statusDue = status;
      return answerText(exchange, status, body(exchange));
    };
  },
  rewrite: rewriteStep,
  redirect: redirectStep,
};
