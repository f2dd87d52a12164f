/** What takes long, and is done by a process of its own: reading databases and logs, checking configurations. */
import type { Diagnostic } from '#config';
import type { WafEvent } from '#model/waf-event.ts';
import type { ConfigDiff } from '../../history/diff.ts';
import type { Invocation } from '../../invocation.ts';
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
