/** The changes that the API can make, a row each: what they change, as it is, and how it is changed. */
import type { Applier } from '../../apply.ts';
import { ACME_RENEW, ACME_REVOKE } from './acme.ts';
import { BAN, UNBAN } from './ban.ts';
import { FAILOVER, MAINTENANCE } from './cluster.ts';
import { CONFIG_APPLY, CONFIG_CONFIRM, CONFIG_ROLLBACK } from './config.ts';
import { L4_REAL } from './l4-real.ts';
import { LOG_LEVEL, WAF_MODE } from './live.ts';
import { POOL_ADD, POOL_MEMBER, POOL_REMOVE } from './pool-member.ts';
import type { Wish, WishKind } from './questions.ts';
import { RESTORE } from './restore.ts';

export interface Change<W extends Wish = Wish> {
  /** As it is now, without counts: equal states are equal JSON. @throws {Refusal} 404 when there is no such thing */
  state(wish: W, applier: Applier): Promise<unknown>;
  /** @throws {Error} with the reason; then nothing has changed, or as much as the audit log tells */
  act(wish: W, applier: Applier, before: unknown, who: string): Promise<void>;
  /** As it is when it is done. */
  after(wish: W, applier: Applier): Promise<unknown>;
  /** What the audit log has of it before and after; the state where this is absent. */
  tell?(wish: W, applier: Applier): Promise<unknown>;
  /** What logs have of the wish; all of it where this is absent. */
  say?(wish: W): object;
}

export type WishOf<K extends WishKind> = Extract<Wish, { kind: K }>;

export const CHANGES: { readonly [K in WishKind]: Change<WishOf<K>> } = {
  'l4-real': L4_REAL,
  'pool-member': POOL_MEMBER,
  'pool-add': POOL_ADD,
  'pool-remove': POOL_REMOVE,
  'log-level': LOG_LEVEL,
  'waf-mode': WAF_MODE,
  failover: FAILOVER,
  maintenance: MAINTENANCE,
  ban: BAN,
  unban: UNBAN,
  'config-apply': CONFIG_APPLY,
  'config-confirm': CONFIG_CONFIRM,
  'config-rollback': CONFIG_ROLLBACK,
  'acme-renew': ACME_RENEW,
  'acme-revoke': ACME_REVOKE,
  restore: RESTORE,
};
