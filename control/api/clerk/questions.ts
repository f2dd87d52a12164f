/** What takes long, and is done by a process of its own: reading databases and logs, checking configurations. */
import type { Diagnostic } from '#config';
import type { MemberOverride, Step } from '#l7';
import type { WafEvent } from '#model/waf-event.ts';
import type { BackupCode } from '../../backup/fault.ts';
import type { Part } from '../../backup/manifest.ts';
import type { Preview } from '../../backup/plan.ts';
import type { ShownCertificate } from '../../certificates.ts';
import type { ConfigDiff } from '../../history/diff.ts';
import type { Invocation } from '../../invocation.ts';
import type { LiveSettings } from '../../live/settings.ts';
import type { LogFile, LogKind } from '../../logs/log-files.ts';
import type { LogAnswer, LogQuestion } from '../../logs/search.ts';
import type { EventQuestion } from '../../waf/event-reader.ts';
import type { AuditEntry } from '../audit.ts';

export interface ClerkQuestions {
  'waf-events': {
    readonly input: EventQuestion & { readonly before?: string | undefined };
    readonly output: readonly WafEvent[];
  };
  'waf-event': { readonly input: string; readonly output: WafEvent | undefined };
  /** The newest first. `before`: the id of the last one that was shown. */
  audit: {
    readonly input: { readonly before?: string | undefined; readonly limit: number };
    readonly output: readonly AuditEntry[];
  };
  'config-diff': {
    readonly input: {
      readonly from: readonly (readonly [path: string, text: string])[];
      readonly to: readonly (readonly [path: string, text: string])[];
    };
    readonly output: ConfigDiff;
  };
  /** What would become of a request by the configuration of these files, and what was commanded beside it. */
  explain: {
    readonly input: {
      readonly files: readonly (readonly [path: string, text: string])[];
      readonly said: LiveSettings;
      readonly commanded: readonly MemberOverride[];
      readonly question: ExplainQuestion;
    };
    readonly output: readonly Step[];
  };
  /** The logs of the configuration of these files. */
  'log-files': {
    readonly input: { readonly files: readonly (readonly [path: string, text: string])[] };
    readonly output: readonly LogFile[];
  };
  /** Those that may be shown, with their sizes. */
  'shown-logs': { readonly input: readonly LogFile[]; readonly output: readonly ShownLog[] };
  'log-lines': {
    readonly input: LogQuestion;
    readonly output: LogAnswer;
  };
  /** Makes an archive. */
  backup: {
    readonly input: {
      readonly files: readonly (readonly [path: string, text: string])[];
      readonly passphrase: string;
      readonly events: boolean;
      /** latin1 */
      readonly to: string;
    };
    readonly output: { readonly bytes: number; readonly missing: readonly string[] };
  };
  /** Opens an archive into a folder, and tells what it would change; a fault of the archive is an answer. */
  'restore-preview': {
    readonly input: {
      readonly files: readonly (readonly [path: string, text: string])[];
      readonly archive: string;
      readonly folder: string;
      readonly passphrase: string;
      readonly only: readonly Part[] | undefined;
    };
    readonly output: Preview | { readonly code: BackupCode; readonly message: string };
  };
  /** Those that the configuration of these files serves by. */
  certificates: {
    readonly input: { readonly files: readonly (readonly [path: string, text: string])[] };
    readonly output: readonly ShownCertificate[];
  };
  /** Checks texts in the place of files. `known`: files that may be included wherever they lie. */
  validate: {
    readonly input: {
      readonly files: readonly (readonly [path: string, text: string])[];
      readonly known: readonly string[];
    };
    readonly output: {
      readonly sound: boolean;
      readonly diagnostics: readonly Diagnostic[];
      /** The whole configuration that was checked. */
      readonly texts: readonly (readonly [path: string, text: string])[];
    };
  };
}

export interface ShownLog {
  readonly path: string;
  readonly kind: LogKind;
  /** Of an access log: the name of its format. */
  readonly format: string | undefined;
  readonly bytes: number;
}

export interface ExplainQuestion {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly clientAddress?: string | undefined;
}

export type ClerkQuestion = keyof ClerkQuestions;

/** Where what is asked for lies. */
export interface Whereabouts {
  readonly eventsPath: string | undefined;
  readonly auditFolder: string;
  readonly invocation: Invocation;
}

export interface ClerkDemand {
  readonly kind: ClerkQuestion;
  readonly input: unknown;
  readonly where: Whereabouts;
}
