/** ARI (RFC 9773): the authority says when it wants a certificate renewed. */
import { X509Certificate } from 'node:crypto';
import { identityOf } from '../x509/identity.ts';
import { AcmeFault } from './fault.ts';
import type { RenewalWindow } from './schedule.ts';
import { objectIn, recordOf, type Session } from './session.ts';

/** By which an authority knows a certificate (§4.1); undefined where that does not name its issuer. */
export function renewalId(pem: string): string | undefined {
  const found = identityOf(new X509Certificate(Buffer.from(pem, 'latin1')).raw);
  return found && `${found.authorityKey.toString('base64url')}.${found.serial.toString('base64url')}`;
}

export interface RenewalInfo {
  readonly window: RenewalWindow;
  readonly retryAfterMs: number | undefined;
}

/** @returns undefined: the authority does not say @throws {AcmeFault} when it does not answer, or with nonsense */
export async function askRenewal(session: Session, id: string): Promise<RenewalInfo | undefined> {
  const { renewalInfo } = await session.directory();
  if (renewalInfo === undefined) return undefined;
  const { text, retryAfterMs } = await session.get(`${renewalInfo.replace(/\/$/, '')}/${id}`);
  const { suggestedWindow } = objectIn(text);
  const { start, end } = recordOf(suggestedWindow);
  const window = { startMs: Date.parse(String(start)), endMs: Date.parse(String(end)) };
  if (!(window.startMs < window.endMs))
    throw new AcmeFault('the authority names a window of renewal that is none');
  return { window, retryAfterMs };
}
