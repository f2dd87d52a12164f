/** Routes that objects of others describe (Ingress, Gateway API): what a request must be like, beside its host. */
import type { Pattern } from '../template.ts';

export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string }
  /** Whole parts between slashes: `/a` holds for `/a`, `/a/` and `/a/b`, not for `/ab`. Without a slash at its end; '' for all. */
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'regex'; readonly pattern: Pattern };

/** A header or a query parameter. Its first value counts. */
export interface FieldMatch {
  /** Of headers in lower case. */
  readonly name: string;
  /** All of the value, or what it must match. */
  readonly value: string | Pattern;
}

export interface RouteMatch {
  readonly path: PathMatch;
  readonly method: string | undefined;
  readonly headers: readonly FieldMatch[];
  readonly query: readonly FieldMatch[];
  /** The host must have so many labels: a wildcard of an Ingress stands for one. */
  readonly hostLabels: number | undefined;
}
