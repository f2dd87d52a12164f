/** What takes long, and is done by a process of its own: reading databases and logs, checking configurations. */
import type { Diagnostic } from '#config';
import type { MemberOverride, Step } from '#l7';
import type { WafEvent } from '#model/waf-event.ts';
import type { ShownCertificate } from '../../certificates.ts';
import type { ConfigDiff } from '../../history/diff.ts';
import type { Invocation } from '../../invocation.ts';
import type { LiveSettings } from '../../live/settings.ts';
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
