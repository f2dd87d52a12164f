/** Warns of certificates that end soon. */
import type { TLSSocket } from 'node:tls';
import type { CheckTlsModel } from '#model/l4/health.ts';

const DAY_MS = 86_400_000;

/** @returns what an operator should know, or undefined */
export function certificateWarning(
  socket: TLSSocket,
  { expiryWarningMs }: CheckTlsModel,
  nowMs: number,
): string | undefined {
  const end = Date.parse(socket.getPeerCertificate().valid_to ?? '');
  if (expiryWarningMs === 0 || Number.isNaN(end) || end - nowMs > expiryWarningMs) return undefined;
  const day = new Date(end).toISOString().slice(0, 10);
  if (end <= nowMs) return `its certificate ended on ${day}`;
  return `its certificate ends on ${day}, in ${Math.ceil((end - nowMs) / DAY_MS)} days`;
}
