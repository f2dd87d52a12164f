/** Clients that the L7 tier has banned, as networks that the L4 tier denies. Pure. */
import type { Cidr } from '#kit/cidr.ts';
import type { L4Model } from '#model/l4/l4.ts';

/** The configuration with these networks denied for all virtual servers; what it allows stays allowed. */
export function withBans(model: L4Model, banned: readonly Cidr[]): L4Model {
  if (banned.length === 0) return model;
  const { allowed, denied } = model.filter;
  return { ...model, filter: { allowed, denied: [...denied, ...banned] } };
}
