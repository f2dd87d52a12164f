/** `health_check script`: a program, by its exit code. */
import type { ScriptQuestion } from '#model/l4/health.ts';
import { endOf, type ProgramEnd, startProgram } from '#native/program.ts';
import type { Passed, Probe } from './probe.ts';

/** Beyond 1, exit codes of a check with dynamic weight are weights, so much more. */
const WEIGHT_FROM = 2;

export const scriptProbe: Probe<ScriptQuestion> = async (question, target, { signal, scriptUser }) => {
  const { command, user = scriptUser, dynamicWeight } = question;
  const env = {
    MOAT_VIRTUAL_SERVER: target.virtualServer,
    MOAT_REAL_SERVER: target.realServer,
    MOAT_ADDRESS: target.address,
    MOAT_PORT: String(target.port),
  };
  return verdictOf(await endOf(startProgram(user, command, env), signal), dynamicWeight);
};

function verdictOf({ code, says }: ProgramEnd, dynamicWeight: boolean): Passed {
  if (code === 0) return {};
  if (dynamicWeight && code !== null && code >= WEIGHT_FROM) return { weight: code - WEIGHT_FROM };
  throw new Error(says);
}
