/** What the heart of a node tells of itself. */
import type { Incident } from './incidents.ts';
import type { NodeSays } from './says.ts';
import type { Refusal } from './session.ts';

export interface PathFigures {
  readonly local: string;
  readonly peer: string;
  /** Why it is not open; undefined: it is. */
  readonly fault: string | undefined;
  readonly sendFailures: number;
  /** Since the last heartbeat by it; undefined: there was none. */
  readonly ageMs: number | undefined;
  readonly carries: boolean;
}

export interface HeartbeatFigures {
  readonly node: string;
  readonly revision: string;
  readonly inSync: boolean | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly link: 'unmet' | 'together' | 'apart';
  /** Since it is so. */
  readonly linkMs: number;
  /** Since that was sent which the other one has heard last. */
  readonly provenMs: number | undefined;
  readonly peer:
    | (NodeSays & {
        readonly isHeard: boolean;
        readonly ageMs: number;
        readonly isOtherRevision: boolean;
      })
    | undefined;
  readonly paths: readonly PathFigures[];
  readonly witness:
    | {
        readonly name: string;
        readonly grantedForMs: number | undefined;
        readonly asking: boolean;
        readonly refusal: string | undefined;
      }
    | undefined;
  /** Undefined without a witness. */
  readonly fence:
    | {
        /** So long the addresses outlive the right to them when the processes hang. */
        readonly outlivesMs: number;
        /** Why the kernel has no fence around them; undefined: it has. */
        readonly absent: string | undefined;
      }
    | undefined;
  readonly mustRelease: string | undefined;
  readonly counts: {
    readonly beatsSent: number;
    readonly beatsHeard: number;
    readonly asked: number;
    readonly granted: number;
    readonly refused: number;
    /** Times that an instance gave its addresses up for want of a right to them. */
    readonly releases: number;
    readonly incidents: number;
  };
  readonly drops: Readonly<Partial<Record<Refusal, number>>>;
  /** The newest first. */
  readonly incidents: readonly Incident[];
}
