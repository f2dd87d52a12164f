/** What the API process asks of control, and what it is answered. */
import type { ClusterFigures } from '#cluster';
import type { Diagnostic, Vocabulary } from '#config';
import type { CommandedState, L4Figures, NamedFlow } from '#l4';
import type { MemberSaid, PoolSessions, Step, ZoneBans } from '#l7';
import type { RevocationReason } from '../../acme/revocation.ts';
import type { Part } from '../../backup/manifest.ts';
import type { ShownCertificate } from '../../certificates.ts';
import type { ConfigDiff } from '../../history/diff.ts';
import type { HistoryState } from '../../history/order.ts';
import type { RevisionHead } from '../../history/store.ts';
import type { ApplyWish, RollbackWish } from '../../history/wish.ts';
import type { LiveOrder } from '../../live/settings.ts';
import type { LogAnswer, LogQuestion } from '../../logs/search.ts';
import type { StatusReport } from '../../status/report.ts';
import type { LiveShown } from '../../status/server.ts';
import type { ClerkQuestions, ExplainQuestion, ShownLog } from '../clerk/questions.ts';
import type { RefusalData } from '../refusal.ts';
import type { IdentityQuestion } from '../user/questions.ts';
import type { ArchiveQuestion } from './archives.ts';

export interface FlowQuestion {
  /** Only those of this virtual address, `ADDRESS:PORT`. */
  readonly virtual?: string | undefined;
  readonly real?: string | undefined;
  readonly client?: string | undefined;
  /** The key of the last one that was shown. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Lines of one of the logs; see LogQuestion. */
export interface LogAsk extends Omit<LogQuestion, 'file'> {
  /** Its path; undefined: the first. */
  readonly file: string | undefined;
}

export interface FlowPage {
  readonly flows: readonly NamedFlow[];
  /** Undefined: these are the last. */
  readonly next: string | undefined;
  /** Whether there are more than were looked at. */
  readonly isCut: boolean;
}

export interface ConfigTexts extends HistoryState {
  /** The main file. */
  readonly file: string;
  readonly texts: readonly { readonly path: string; readonly text: string }[];
}

export type Which = number | 'force' | 'disk';

/** A revision with its texts, secrets hidden. */
export interface ShownRevision extends RevisionHead {
  readonly texts: ConfigTexts['texts'];
}

/** Whether texts are sound, and what they would change. */
export interface Tried extends ConfigDiff {
  readonly sound: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Question → what comes with it, and the answer. */
export interface Reads extends Pick<ClerkQuestions, ClerkRead> {
  status: { readonly input: undefined; readonly output: StatusReport };
  l4: { readonly input: undefined; readonly output: L4Figures | undefined };
  flows: { readonly input: FlowQuestion; readonly output: FlowPage };
  cluster: { readonly input: undefined; readonly output: ClusterFigures | undefined };
  certificates: { readonly input: undefined; readonly output: readonly ShownCertificate[] };
  sessions: { readonly input: undefined; readonly output: readonly PoolSessions[] | undefined };
  explain: { readonly input: ExplainQuestion; readonly output: readonly Step[] };
  live: { readonly input: undefined; readonly output: LiveShown };
  bans: { readonly input: undefined; readonly output: readonly ZoneBans[] };
  config: { readonly input: undefined; readonly output: ConfigTexts };
  /** The language of configurations. */
  language: { readonly input: undefined; readonly output: Vocabulary };
  /** The newest first. */
  revisions: {
    readonly input: { readonly limit: number; readonly before?: number | undefined };
    readonly output: readonly RevisionHead[];
  };
  revision: { readonly input: number; readonly output: ShownRevision };
  'config-diff': {
    readonly input: { readonly from: Which; readonly to: Which };
    readonly output: ConfigDiff;
  };
  /** Of a text in the place of the main file (`text`), or of files. */
  try: {
    readonly input: { readonly text?: string | undefined; readonly files: ApplyWish['files'] };
    readonly output: Tried;
  };
  /** Files of logs that may be shown. */
  logs: { readonly input: undefined; readonly output: readonly ShownLog[] };
  'log-lines': { readonly input: LogAsk; readonly output: LogAnswer };
  /** The state that a change would change: what its ETag is made of. */
  state: { readonly input: Wish; readonly output: unknown };
}

/** What the clerk answers as it is asked. */
export type ClerkRead = 'waf-events' | 'waf-event' | 'audit';

export type ReadName = keyof Reads;

/** What is to be changed; a wish without values names a thing. */
export type Wish =
  | {
      readonly kind: 'l4-real';
      /** A virtual server by its whole name. */
      readonly service: string;
      readonly real: string;
      /** null: that of its line. */
      readonly state?: CommandedState | null | undefined;
      /** null: as its checks say. */
      readonly health?: 'up' | 'down' | null | undefined;
      /** null: that of its line. */
      readonly weight?: number | null | undefined;
    }
  | {
      readonly kind: 'pool-member';
      readonly pool: string;
      readonly member: string;
      /** null: that of its line. */
      readonly state?: NonNullable<MemberSaid['state']> | null | undefined;
      readonly weight?: number | null | undefined;
    }
  /** `words`: as behind the address on its line. */
  | {
      readonly kind: 'pool-add';
      readonly pool: string;
      readonly member: string;
      readonly words: readonly string[];
    }
  | { readonly kind: 'pool-remove'; readonly pool: string; readonly member: string }
  | LiveOrder
  | { readonly kind: 'failover'; readonly instance: string }
  | { readonly kind: 'maintenance'; readonly on?: boolean | undefined; readonly reason?: string | undefined }
  | {
      readonly kind: 'ban';
      readonly key: string;
      readonly zone?: string | undefined;
      readonly lengthMs?: number | undefined;
    }
  | { readonly kind: 'unban'; readonly zone: string; readonly key: string }
  | ({ readonly kind: 'config-apply' } & ApplyWish)
  /** By its id. */
  | { readonly kind: 'acme-renew'; readonly certificate: string }
  | {
      readonly kind: 'acme-revoke';
      readonly certificate: string;
      readonly reason: RevocationReason;
      readonly force: boolean;
    }
  | { readonly kind: 'config-confirm' }
  | ({ readonly kind: 'config-rollback' } & RollbackWish)
  /** Out of an archive that was looked at before. */
  | { readonly kind: 'restore'; readonly stage: string; readonly only?: readonly Part[] | undefined };

export type WishKind = Wish['kind'];

/** Who wants a change, and of what he has seen. */
export interface Asker {
  readonly who: string;
  readonly from: string | undefined;
  readonly ifMatch: string | undefined;
  /** Of a browser: the id of its session. */
  readonly session?: string | undefined;
  /** What it says it is, cut. */
  readonly agent?: string | undefined;
}

export type ToControl =
  | { readonly kind: 'read'; readonly what: ReadName; readonly input: unknown }
  | { readonly kind: 'change'; readonly wish: Wish; readonly asker: Asker }
  /** To be written into the audit log: what the API's process does by itself. */
  | {
      readonly kind: 'archive';
      readonly what: ArchiveQuestion;
      readonly input: unknown;
      readonly asker: Asker;
    }
  | { readonly kind: 'note'; readonly what: string; readonly wish: unknown; readonly asker: Asker };

export interface ToIdentity {
  readonly kind: 'identity';
  readonly what: IdentityQuestion;
  readonly input: unknown;
  readonly asker: Asker;
}

/** Refusals are answers: their status must not get lost on the way. */
export type Told = { readonly value: unknown } | { readonly refused: RefusalData };
