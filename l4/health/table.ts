/** Every kind of health check, by its name. */
import type { CheckQuestion, L4CheckType } from '#model/l4/health.ts';
import { dnsProbe } from './dns.ts';
import { fileProbe } from './file.ts';
import { grpcProbe } from './grpc.ts';
import { httpProbe } from './http.ts';
import { mysqlProbe } from './mysql.ts';
import { pingProbe } from './ping.ts';
import { postgresProbe } from './postgres.ts';
import type { Passed, Probe, ProbeMeans, ProbeTarget, QuestionOf } from './probe.ts';
import { redisProbe } from './redis.ts';
import { scriptProbe } from './script.ts';
import { smtpProbe } from './smtp.ts';
import { tcpProbe } from './tcp.ts';
import { udpProbe } from './udp.ts';

const PROBES: { readonly [T in L4CheckType]: Probe<QuestionOf<T>> } = {
  tcp: tcpProbe,
  http: httpProbe,
  https: httpProbe,
  dns: dnsProbe,
  udp: udpProbe,
  ping: pingProbe,
  smtp: smtpProbe,
  grpc: grpcProbe,
  redis: redisProbe,
  mysql: mysqlProbe,
  postgres: postgresProbe,
  script: scriptProbe,
  file: fileProbe,
};

export type Outcome =
  | (Passed & { readonly passed: true })
  | { readonly passed: false; readonly reason: string };

/** Asks one question, for so long and no longer. Never throws: what goes wrong is the reason. */
export async function ask(
  question: CheckQuestion,
  target: ProbeTarget,
  means: Omit<ProbeMeans, 'signal'>,
): Promise<Outcome> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no answer within ${means.timeoutMs} ms`)),
    means.timeoutMs,
  );
  try {
    // The row is the one of the question's own type.
    const probe = PROBES[question.type] as Probe<CheckQuestion>;
    return { passed: true, ...(await probe(question, target, { ...means, signal: late.signal })) };
  } catch (fault) {
    // When it is late, what breaks thereby is no reason; but a probe may know one.
    const { aborted, reason } = late.signal;
    const said = aborted && (fault as Error).cause !== reason ? reason : fault;
    return { passed: false, reason: (said as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
