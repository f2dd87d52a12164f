/** The words of the state machine of one virtual router: what it is, what happens to it, what it wants done (RFC 9568 §6). */
import type { Version } from './packet.ts';

/** Priority of the router whose own addresses they are; 0 says "I stop" (§5.2.4). */
export const OWNER_PRIORITY = 255;
export const STOP_PRIORITY = 0;

/** What this router is told to be; weights of what it tracks are counted in. */
export interface Own {
  readonly version: Version;
  /** 1..254, or 255: the owner. */
  readonly priority: number;
  /** Advertisement_Interval. */
  readonly advertMs: number;
  /** Preempt_Mode; an owner preempts whatever this says. */
  readonly preempt: boolean;
  /** So long a router of lower priority is left in its place; 0: not at all. */
  readonly preemptDelayMs: number;
  /** The address that advertisements come from: the greater one wins among equals. */
  readonly source: Uint8Array;
}

interface Common {
  readonly own: Own;
  /** Why it must not become active, whoever is silent; undefined: it may. */
  readonly barredBy: string | undefined;
  /** It has given its place away by command, and leaves it to any other router. */
  readonly yielding: boolean;
}

/** It takes no part: not started, faulty, or in maintenance. */
export interface Initialize extends Common {
  readonly kind: 'initialize';
}

export interface Backup extends Common {
  readonly kind: 'backup';
  /** Active_Adver_Interval: what the active router says of itself. */
  readonly activeAdverMs: number;
  /** When Active_Down_Timer fires. */
  readonly dueMs: number;
  /** When an advertisement was last heeded; undefined: not since it became backup, or the last one said "I stop". */
  readonly heardMs: number | undefined;
  /** Of preempt_delay: until then a router of lower priority is heeded. */
  readonly preemptAtMs: number | undefined;
  /** Who is active with a lower priority, and is not heeded. */
  readonly outranks: { readonly name: string; readonly priority: number } | undefined;
  /** This process was paused when the timer ran out, and listens once more: only once. */
  readonly listensAgain: boolean;
  /** Its time came while it was barred: it becomes active as soon as it is not any more. */
  readonly overdue: boolean;
}

export interface Active extends Common {
  readonly kind: 'active';
  /** When Adver_Timer fires. */
  readonly dueMs: number;
  /** When it last advertised. */
  readonly sentMs: number;
}

export type State = Initialize | Backup | Active;
export type StateName = State['kind'];

interface Startup {
  readonly kind: 'startup';
  readonly reason: string;
  /** It takes over from a process of this router that was active until now. */
  readonly adopted?: boolean;
}

/** Times are ms of one monotonic clock. */
export type Event = { readonly nowMs: number } & (
  | Startup
  | { readonly kind: 'shutdown'; readonly reason: string }
  /** The time of `dueMs` has come, or has long passed. */
  | { readonly kind: 'timer' }
  | {
      readonly kind: 'advertisement';
      readonly priority: number;
      readonly intervalMs: number;
      readonly source: Uint8Array;
      /** Of the sender, for reasons. */
      readonly name: string;
    }
  /** The configuration, or the priority, or the address has changed. */
  | { readonly kind: 'configured'; readonly own: Own }
  /** Whether it may become active; a witness, or the state of a sync, will ask for this. */
  | { readonly kind: 'barred'; readonly by: string | undefined }
  /** Gives its place away; or stops giving way. */
  | { readonly kind: 'yield'; readonly reason: string }
  | { readonly kind: 'claim' }
  /** The other members of its sync group went there. */
  | { readonly kind: 'follow'; readonly to: 'active' | 'backup'; readonly reason: string }
);

/** What is to be done, in this order. */
export type Effect =
  | { readonly kind: 'advertise'; readonly priority: number }
  /** Gratuitous ARP or unsolicited neighbour advertisements for all addresses. */
  | { readonly kind: 'announce'; readonly why: 'active' | 'rival' | 'paused' }
  | { readonly kind: 'take' }
  | { readonly kind: 'release' }
  | { readonly kind: 'changed'; readonly from: StateName; readonly to: StateName; readonly reason: string }
  /** This process was not running for so long. */
  | { readonly kind: 'paused'; readonly silentMs: number };

export type Step = readonly [state: State, effects: readonly Effect[]];

/** Skew_Time in ms (RFC 9568 §6.1; RFC 3768 §6.1 for version 2, where it is of one second). */
export const skewMs = ({ version, priority }: Own, activeAdverMs: number): number =>
  ((256 - priority) * (version === 2 ? 1000 : activeAdverMs)) / 256;

/** Active_Down_Interval in ms: so long a backup waits for an advertisement. */
export const activeDownMs = (own: Own, activeAdverMs: number): number =>
  3 * activeAdverMs + skewMs(own, activeAdverMs);
