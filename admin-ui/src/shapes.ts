/** What the console reads of the API's answers; test/admin-ui/shapes.ts holds it against what the server has. */

export type Role = 'viewer' | 'operator' | 'admin';

export interface Who {
  readonly kind: 'session' | 'token';
  readonly name: string;
  readonly role: Role;
  readonly csrf?: string | undefined;
  readonly by?: 'password' | 'provider' | undefined;
}

/** What a provider has sent by the browser. */
export interface Brought {
  readonly state: string;
  readonly code?: string;
  readonly iss?: string;
  readonly error?: string;
}

export interface LiveReal {
  readonly address: string;
  readonly port: number;
  readonly mode: string;
  readonly state: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly connections: number;
  readonly commanded: boolean;
}

export interface LiveService {
  readonly protocol: string;
  readonly scheduler: string;
  readonly quorum: boolean;
  readonly reals: Readonly<Record<string, LiveReal>>;
}

export interface LiveMember {
  readonly address: string;
  readonly backup: boolean;
  readonly weight: number;
  readonly state: string;
  readonly inFlight: number;
  readonly requests: number;
  readonly fails: number;
  readonly commanded: boolean;
  /** No line has it. */
  readonly added: boolean;
}

export interface LiveSource {
  readonly source: string;
  readonly state: string;
  readonly members: number;
  readonly error?: string;
}

export interface LivePool {
  readonly queued: number;
  /** Configured, and taken out by command. */
  readonly removed?: readonly string[];
  /** Where it finds members beside its lines. */
  readonly sources?: readonly LiveSource[];
  readonly members: Readonly<Record<string, LiveMember>>;
}

export interface LiveL7 {
  readonly workers: number;
  readonly requests?: number;
  readonly active?: number;
  /** By the first digit of the status; at 0 those without an answer. */
  readonly answers?: readonly number[];
  /** Requests by how long they took; one more than bounds. */
  readonly durations?: readonly number[];
  /** Seconds. */
  readonly durationBounds?: readonly number[];
  /** pass, detect, block */
  readonly inspected?: readonly number[];
  readonly pools: Readonly<Record<string, LivePool>>;
}

export interface LiveInstance {
  readonly state: string;
  readonly priority: number;
  readonly yielding: boolean;
  readonly faults: readonly string[];
}

/** What the stream of events shows. */
export interface Live {
  readonly revision: number;
  readonly refusal?: string;
  readonly l7?: LiveL7;
  readonly l4?: { readonly entries: number; readonly services: Readonly<Record<string, LiveService>> };
  readonly cluster?: {
    readonly maintenance: boolean;
    readonly instances: Readonly<Record<string, LiveInstance>>;
  };
}

export interface Status {
  readonly version: string;
  readonly file: string;
  readonly uptimeMs: number;
  readonly appliedAtMs: number;
}

export interface Instance extends LiveInstance {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly sinceMs: number;
  readonly basePriority: number;
  readonly addresses: readonly string[];
  readonly tracks: readonly {
    readonly name: string;
    readonly ok: boolean | undefined;
    readonly says: string;
    readonly adds: number;
  }[];
  readonly peers: readonly {
    readonly address: string;
    readonly priority: number;
    readonly intervalMs: number;
    readonly ageMs: number;
    readonly stopped: boolean;
  }[];
  readonly transitions: readonly {
    readonly atMs: number;
    readonly from: string;
    readonly to: string;
    readonly reason: string;
  }[];
}

export interface Cluster {
  readonly maintenance: boolean;
  readonly instances: readonly Instance[];
  readonly heartbeat:
    | {
        readonly node: string;
        /** Digest of the configuration. */
        readonly revision: string;
        /** What the other one has said last. */
        readonly peer:
          | {
              readonly node: string;
              readonly revision: string;
              readonly inSync: boolean | undefined;
              readonly healthy: boolean;
              readonly leaves: boolean;
              readonly isHeard: boolean;
              readonly ageMs: number;
              readonly isOtherRevision: boolean;
              readonly instances: readonly {
                readonly name: string;
                readonly state: string;
                readonly priority: number;
              }[];
            }
          | undefined;
        readonly link: string;
        readonly inSync: boolean | undefined;
        readonly paths: readonly {
          readonly local: string;
          readonly peer: string;
          readonly carries: boolean;
          readonly ageMs: number | undefined;
          readonly fault: string | undefined;
        }[];
      }
    | undefined;
}

export interface WafEvent {
  readonly id: string;
  readonly timeMs: number;
  readonly action: string;
  readonly status: number;
  readonly score: number;
  readonly clientAddress: string;
  readonly host: string;
  readonly path: string;
  readonly request: {
    readonly method: string;
    readonly target: string;
    readonly protocol: string;
    /** Name, value, name, value. */
    readonly headers: readonly string[];
    readonly body: string;
  };
  readonly rules: readonly {
    readonly id: number;
    readonly message: string;
    readonly severity: string;
    readonly matches: readonly {
      readonly variable: string;
      readonly value: string;
      readonly part: string | undefined;
    }[];
  }[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | undefined;
}

export interface Ban {
  readonly zone: string;
  readonly key: string;
  /** null: without end. */
  readonly untilMs: number | null;
  readonly times: number;
}

/** What one side of a canary did. */
export interface CanarySide {
  readonly requests: number;
  /** With 5xx. */
  readonly failed: number;
  /** 95 of 100 took at most so long. */
  readonly slowestMs?: number | undefined;
}

/** A part of the traffic tries what is new. */
export interface CanaryShown {
  readonly who: string;
  readonly endsMs: number;
  readonly sharePercent: number;
  /** What was in force when it began. */
  readonly revision: number;
  readonly old: CanarySide;
  readonly fresh: CanarySide;
  /** Undefined while it runs. */
  readonly outcome?: string | undefined;
  readonly reason?: string | undefined;
}

/** A configuration as it is in force; secrets in it are hidden. */
export interface Config {
  readonly revision: number;
  /** In the history. */
  readonly id?: number;
  readonly unconfirmed?: { readonly deadlineMs: number; readonly who: string; readonly backTo?: number };
  readonly canary?: CanaryShown;
  readonly drift: readonly string[];
  readonly fault?: string;
  readonly file: string;
  readonly texts: readonly { readonly path: string; readonly text: string }[];
}

export interface Revision {
  readonly id: number;
  readonly atMs: number;
  readonly who: string;
  readonly why: string;
  readonly message: string;
}

/** As diff -u writes it. */
export interface Diff {
  readonly diff: string;
}

export interface Tried extends Diff {
  readonly sound: boolean;
  readonly diagnostics: readonly {
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly hint?: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly length: number;
    readonly code: string;
  }[];
}

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly metric: string;
  readonly severity: string;
  readonly side: 'above' | 'below';
  readonly bound: number;
  readonly value: number;
  readonly raisedMs: number;
  readonly resolvedMs?: number | undefined;
  readonly silenced: boolean;
}

export interface Alerts {
  readonly raised: readonly Alert[];
  readonly past: readonly Alert[];
}

export interface AlertRule {
  readonly name: string;
  readonly metric: string;
  readonly side: 'above' | 'below';
  readonly bound: number;
  readonly clear: number;
  readonly forMs: number;
  readonly severity: string;
}

export interface Silence {
  readonly id: string;
  readonly rule?: string | undefined;
  readonly metric?: string | undefined;
  readonly untilMs: number;
  readonly who: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly who: string;
  readonly from?: string | undefined;
  readonly what: string;
  readonly wish: unknown;
  readonly before: unknown;
  readonly after?: unknown;
  readonly fault?: string | undefined;
}

/** One thing that is decided about a request. */
export interface Step {
  readonly what: string;
  readonly text: string;
  readonly site?: { readonly file: string; readonly line: number };
}

export interface Certificate {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly state: string;
  readonly serial: string;
  readonly key: string;
  readonly usedBy: readonly string[];
  /** How an authority is asked for it. */
  readonly acme?:
    | {
        readonly id: string;
        readonly issuer: string;
        readonly state: string;
        readonly isStandIn: boolean;
        readonly nextTryMs: number;
        readonly byAuthority: boolean;
        readonly failures: number;
        readonly lastError?: string | undefined;
        readonly revocation?:
          | { readonly serial: string; readonly atMs: number; readonly fault?: string | undefined }
          | undefined;
      }
    | undefined;
}

export interface UserShown {
  readonly name: string;
  readonly role: string;
  readonly isDisabled: boolean;
  readonly createdMs: number;
  readonly hasTotp: boolean;
}

export interface TokenShown {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly scopes?: readonly string[] | undefined;
  readonly createdMs: number;
  readonly expiresMs?: number | undefined;
}

export interface SessionShown {
  readonly id: string;
  readonly user: string;
  readonly from: string;
  readonly agent: string;
  readonly seenMs: number;
}

export interface WafModes {
  readonly items: readonly {
    readonly server: string;
    readonly location?: string | undefined;
    readonly mode: string;
    readonly configured: string;
  }[];
  readonly commanded: readonly { readonly mode: string }[];
}

export interface LogLevelShown {
  readonly level: string;
  readonly configured: string;
  readonly commanded: boolean;
  readonly untilMs?: number | undefined;
}

export interface PoolSessions {
  readonly pool: string;
  readonly kind: string;
  readonly table?:
    | {
        readonly sessions: number;
        readonly capacity: number;
        readonly evictions: number;
        readonly timeoutMs: number;
        readonly sync: boolean;
        readonly isCut: boolean;
        readonly members: readonly { readonly name: string; readonly sessions: number }[];
        readonly elsewhere: number;
      }
    | undefined;
}

/** What one thing of a backup would change. */
export interface RestoreItem {
  readonly part: string;
  readonly name: string;
  readonly change: string;
  readonly detail: string;
}

export interface RestorePreview {
  readonly moat: string;
  readonly host: string;
  readonly createdMs: number;
  readonly items: readonly RestoreItem[];
  readonly diff: string;
  readonly missing: readonly string[];
  readonly faults: readonly string[];
}

export interface LogFile {
  readonly path: string;
  readonly kind: 'access' | 'error';
  readonly format?: string | undefined;
  readonly bytes: number;
}

export interface LogLine {
  readonly id: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface LogLines {
  readonly items: readonly LogLine[];
  readonly next?: string | undefined;
}
