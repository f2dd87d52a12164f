/** Every kind of health check, by its name in the model. */
import type { HealthCheckType } from '#model/l7/health.ts';
import { grpcProbe } from './grpc.ts';
import { httpProbe } from './http.ts';
import type { ProbeMaker } from './probe.ts';
import { tcpProbe } from './tcp.ts';

export const PROBES: Readonly<Record<HealthCheckType, ProbeMaker>> = {
  http: httpProbe,
  tcp: tcpProbe,
  grpc: grpcProbe,
};
