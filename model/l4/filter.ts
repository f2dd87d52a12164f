/** Which clients may come. */
import type { Cidr } from '#kit/cidr.ts';

/** Whoever is in `allowed` is let through, then whoever is in `denied` is dropped, then all others are let through. */
export interface SourceFilterModel {
  readonly allowed: readonly Cidr[];
  readonly denied: readonly Cidr[];
}
