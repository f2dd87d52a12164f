/** The rewrite module's program: what if, set, rewrite, return and break compile to. */
import type { Pattern, Template } from '../template.ts';

export type Condition =
  | { readonly kind: 'set'; readonly value: Template }
  | { readonly kind: 'equal'; readonly value: Template; readonly to: Template; readonly negated: boolean }
  | { readonly kind: 'match'; readonly value: Template; readonly pattern: Pattern; readonly negated: boolean }
  | {
      readonly kind: 'file';
      readonly test: 'f' | 'd' | 'e' | 'x';
      readonly path: Template;
      readonly negated: boolean;
    };

export type RewriteFlag = 'last' | 'break' | 'redirect' | 'permanent';

export type RewriteStep =
  | {
      readonly step: 'if';
      readonly condition: Condition;
      readonly then: readonly RewriteStep[];
      readonly location: LocationRef | undefined;
    }
  | { readonly step: 'set'; readonly variable: string; readonly value: Template }
  | { readonly step: 'break' }
  | { readonly step: 'return'; readonly status: number; readonly text: Template | undefined }
  | {
      readonly step: 'rewrite';
      readonly pattern: Pattern;
      readonly replacement: Template;
      /** False when the replacement ends with `?`: the old arguments are dropped. */
      readonly keepArgs: boolean;
      readonly flag: RewriteFlag | undefined;
      /** The replacement is an absolute URL: answered as a redirect. */
      readonly absolute: boolean;
    };

/** An `if` inside a location has settings of its own: the index of its anonymous location in `LocationModel.conditional`. */
export type LocationRef = number;
