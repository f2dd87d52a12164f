/** How many members a pool should have, and who sees to it. */

export const LOADS = ['requests-in-flight', 'requests-per-second', 'cpu-percent'] as const;

export interface AutoscaleModel {
  readonly pool: string;
  /** What is measured. */
  readonly load: (typeof LOADS)[number];
  /** How much of it one member is to bear. */
  readonly target: number;
  /** Where each member tells how busy its processors are, as node_exporter does; undefined unless that is measured. */
  readonly exporter: { readonly port: number; readonly path: string } | undefined;
  readonly min: number;
  readonly max: number;
  /** Least time between two orders for more. */
  readonly outCooldownMs: number;
  /** How long there must have been too many before one goes; also the least time after any other order. */
  readonly inCooldownMs: number;
  /** By which part of the target a member may be over it before there are more. */
  readonly tolerance: number;
  /** How far ahead capacity is to be there; 0: nothing is predicted. */
  readonly predictMs: number;
  /** Undefined: what would be done is told, and nobody does it. */
  readonly action:
    | { readonly kind: 'webhook'; readonly url: string; readonly secret: string | undefined }
    | { readonly kind: 'script'; readonly path: string }
    | undefined;
}
