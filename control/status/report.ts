/** What `moat status` is told by the running program. */
import type { ClusterFigures } from '#cluster';
import type { L4Figures } from '#l4';
import type { PlaneStatus } from '#l7';
import type { CanaryState } from '../canary/keeper.ts';
import type { CertificateCounts } from '../certificate-health.ts';

export interface StatusReport {
  readonly version: string;
  /** The control process. */
  readonly pid: number;
  readonly file: string;
  readonly uptimeMs: number;
  /** Number of the configuration in force, counted from 1 since the start. */
  readonly revision: number;
  /** When that was, in ms since 1970. */
  readonly appliedAtMs: number;
  /** Why the last reload was refused; undefined when it was not. */
  readonly refusal: string | undefined;
  /** Keys of the listening addresses, with how many sockets each has. */
  readonly listeners: readonly { readonly key: string; readonly sockets: number }[];
  /** Undefined while the L7 process is down. */
  readonly l7: PlaneStatus | undefined;
  /** Undefined: there is no L4 tier, or its process is down. */
  readonly l4: L4Figures | undefined;
  /** Undefined while there is no cluster block, or its process is down. */
  readonly cluster: ClusterFigures | undefined;
  /** What a part of the traffic tries, or what came of the last one that was tried. */
  readonly canary?: CanaryState | undefined;
  readonly certificates?: CertificateCounts | undefined;
}

/** The socket that the program of this pid file answers on. */
export const socketPathOf = (pidPath: string): string =>
  `${pidPath.endsWith('.pid') ? pidPath.slice(0, -'.pid'.length) : pidPath}.sock`;
