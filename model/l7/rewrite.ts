/** The rewrite module's program: what if, set, rewrite, return and break compile to. */
import type { Pattern, Template } from '../template.ts';

/** What an `if` asks for; `negated` turns the answer round. */
export type Condition =
  /** True unless empty or `0`. */
  | { readonly kind: 'set'; readonly value: Template }
  | { readonly kind: 'equal'; readonly value: Template; readonly to: Template; readonly negated: boolean }
  | {
      readonly kind: 'match';
      readonly value: Template;
      readonly pattern: Pattern;
      /** The pattern as written, for rewrite_log. */
      readonly source: string;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'file';
      /** A plain file, a folder, either of them, or what its owner may execute. */
      readonly test: 'f' | 'd' | 'e' | 'x';
      readonly path: Template;
      readonly negated: boolean;
    };

/** An `if` inside a location has settings of its own: the index of its anonymous location in `LocationModel.conditional`. */
export type LocationRef = number;

interface RewriteRule {
  readonly pattern: Pattern;
  /** The pattern as written, for rewrite_log. */
  readonly source: string;
  /** False when the replacement ends with `?`: the old arguments are dropped. */
  readonly keepArgs: boolean;
}

export type RewriteStep =
  | {
      readonly step: 'if';
      readonly condition: Condition;
      readonly steps: readonly RewriteStep[];
      /** Undefined at the level of the server, where an `if` has no settings. */
      readonly location: LocationRef | undefined;
    }
  | { readonly step: 'set'; readonly variable: string; readonly value: Template }
  | { readonly step: 'break' }
  /** A redirect for 301, 302, 303, 307 and 308; otherwise the text, or with undefined the page of the status. */
  | { readonly step: 'return'; readonly status: number; readonly text: Template | undefined }
  | (RewriteRule & {
      readonly step: 'rewrite';
      readonly path: Template;
      /** What follows the first `?` that is written in the replacement; undefined when there is none. */
      readonly args: Template | undefined;
      readonly flag: 'last' | 'break' | undefined;
    })
  /** `rewrite` that sends the client elsewhere. */
  | (RewriteRule & {
      readonly step: 'redirect';
      readonly status: 301 | 302 | 303 | 307 | 308;
      readonly target: Template;
      /** Whether a `?` is written in the replacement: then the old arguments are joined by `&`. */
      readonly hasArgs: boolean;
    });

export interface RewriteSettings {
  /** `rewrite_log`: what the program does is written at level notice. */
  readonly log: boolean;
  /** `uninitialized_variable_warn`. */
  readonly warnUnset: boolean;
}

export const REWRITE_DEFAULTS: RewriteSettings = { log: false, warnUnset: true };
