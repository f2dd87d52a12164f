/** Certificates of authorities, as `moat acme` has them ordered and revoked. An order may take minutes, so it is begun here, and what comes of it is told by its certificate. */
import type { Issued } from '../../acme/issued.ts';
import type { AcmeKeeper } from '../../acme/keeper.ts';
import type { Applier } from '../../apply.ts';
import { notThere, refuse } from '../refusal.ts';
import type { Change, WishOf } from './changes.ts';

type AcmeWish = WishOf<'acme-renew'> | WishOf<'acme-revoke'>;

/** @throws {Refusal} */
function found(
  { certificate }: AcmeWish,
  { acme }: Applier,
): { readonly keeper: AcmeKeeper; readonly one: Issued } {
  const one = acme?.find(certificate);
  if (!acme || !one) throw notThere(`there is no certificate "${certificate}" that an authority issues`);
  return { keeper: acme, one };
}

/** Which one is shown; that an order is under way makes it no other. */
async function state(wish: AcmeWish, applier: Applier) {
  const { one } = found(wish, applier);
  return { certificate: wish.certificate, serial: one.serial };
}

function refuseBusy({ isOrdering }: Issued): void {
  if (isOrdering) throw refuse(409, 'ordering', 'it is being ordered already');
}

/** What comes of an order is told by the keeper; that none was begun, by nobody else. */
const tell =
  ({ log }: Applier) =>
  ({ message }: Error): void =>
    log.error(`api: acme: ${message}`);

export const ACME_RENEW: Change<WishOf<'acme-renew'>> = {
  ...{ state, after: state },
  async act(wish, applier) {
    const { keeper, one } = found(wish, applier);
    refuseBusy(one);
    keeper.renew({ which: wish.certificate, force: true }).catch(tell(applier));
  },
};

export const ACME_REVOKE: Change<WishOf<'acme-revoke'>> = {
  ...{ state, after: state },
  async act(wish, applier) {
    const { certificate: which, reason, force } = wish;
    const { keeper, one } = found(wish, applier);
    refuseBusy(one);
    keeper.refuseUnrevocable(which);
    keeper.revoke({ which, reason, force }).catch(tell(applier));
  },
};
