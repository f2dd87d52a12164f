/** A certificate whose time is over: moat has to say so, go on with what needs none, and show the new one once it is there. */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { monotonicMs } from '#kit/monotonic.ts';
import { developmentCertificate } from '../demo/certificate.ts';
import type { Box } from './box.ts';
import type { Findings, Strike } from './fault.ts';
import { until } from './net/host.ts';
import { reload, statusOf } from './reloads.ts';

/** It held from yesterday for half a day. */
const OVER_DAYS = -0.5;
const FRESH_DAYS = 7;
const CONNECT_MS = 5000;

export const certificateExpires: Strike = async (box, findings) => {
  const beganMs = monotonicMs();
  await bringForth(box, OVER_DAYS, findings);
  for (const node of box.of('proxy')) {
    const { certificates } = await statusOf(node);
    if (!certificates?.expiring) findings.wrong(`${node.name} says nothing of a certificate that is over`);
  }
  return async () => {
    await bringForth(box, FRESH_DAYS, findings);
    findings.note(
      `clients were shown a certificate that is over for ${Math.round(monotonicMs() - beganMs)} ms`,
    );
    for (const node of box.of('proxy'))
      if ((await statusOf(node)).certificates?.expiring)
        findings.wrong(`${node.name} still says that one is over`);
  };
};

/** A new one on every proxy, until clients are shown it. */
async function bringForth(box: Box, days: number, findings: Findings): Promise<void> {
  const { key, certificate } = developmentCertificate(days);
  for (const node of box.of('proxy')) {
    writeFileSync(join(node.dir, 'key.pem'), key, { mode: 0o600 });
    writeFileSync(join(node.dir, 'cert.pem'), certificate);
    const refusal = await reload(box.options.moat, node);
    if (refusal !== undefined) findings.wrong(`${node.name} refused it: ${refusal}`);
  }
  const { fingerprint256 } = new X509Certificate(certificate);
  await until(async () => (await shownBy(box)) === fingerprint256, 'the new certificate to be shown');
}

/** @returns the fingerprint of what a client is shown; undefined: no handshake came about */
function shownBy({ plan }: Box): Promise<string | undefined> {
  return new Promise(resolve => {
    const host = plan.virtual[0]!;
    const socket = connect({ host, port: plan.https, rejectUnauthorized: false, timeout: CONNECT_MS }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}
