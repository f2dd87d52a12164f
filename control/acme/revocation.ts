/** Takes a certificate back (RFC 8555 §7.6): clients that ask are told not to believe it any more. */
import { X509Certificate } from 'node:crypto';
import { AcmeFault } from './fault.ts';
import type { Session } from './session.ts';

/** RFC 5280 §5.3.1, those that a subscriber may say; `unspecified` is said by saying none. */
const REVOCATION_REASONS = {
  unspecified: undefined,
  'key-compromise': 1,
  'affiliation-changed': 3,
  superseded: 4,
  'cessation-of-operation': 5,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;
export const REASON_NAMES = Object.keys(REVOCATION_REASONS) as RevocationReason[];

/** By the account; one that is revoked already is as it should be. @param chain PEM, the own one first @throws {AcmeFault} */
export async function revoke(session: Session, chain: string, reason: RevocationReason): Promise<void> {
  const { revokeCert } = await session.directory();
  if (revokeCert === undefined) throw new AcmeFault('the authority takes no certificate back');
  const { raw } = new X509Certificate(Buffer.from(chain, 'latin1'));
  const code = REVOCATION_REASONS[reason];
  const payload = { certificate: raw.toString('base64url'), ...(code !== undefined && { reason: code }) };
  try {
    await session.post(revokeCert, payload);
  } catch (fault) {
    if (!(fault instanceof AcmeFault) || fault.type !== 'alreadyRevoked') throw fault;
  }
}
