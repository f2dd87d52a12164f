/** Tells whoever can start and end servers how many there shall be. */
import { createHmac } from 'node:crypto';
import { hostname } from 'node:os';
import type { AutoscaleModel } from '#model/autoscale.ts';
import { endOf, startProgram } from '#native/program.ts';
import type { ScaleOrder } from './plan.ts';

export interface ScaleDeed extends ScaleOrder {
  readonly pool: string;
  readonly load: number;
  /** How much of it one member is to bear. */
  readonly target: number;
  readonly measure: AutoscaleModel['load'];
}

export type Act = (
  action: NonNullable<AutoscaleModel['action']>,
  deed: ScaleDeed,
  signal: AbortSignal,
) => Promise<void>;

const WEBHOOK_PATIENCE_MS = 10_000;
const SCRIPT_PATIENCE_MS = 60_000;
/** Where the process is root still, which it is in no moat: nothing that the configuration names is run as root here. */
const UNPRIVILEGED_USER = 'nobody';

/** @throws {Error} with the reason; no part of an address or a secret is in it */
export const act: Act = (action, deed, signal) =>
  action.kind === 'webhook' ? post(action, deed, signal) : run(action.path, deed, signal);

async function post(
  { url, secret }: { readonly url: string; readonly secret: string | undefined },
  deed: ScaleDeed,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ host: hostname(), ...deed });
  const signature =
    secret === undefined ? undefined : createHmac('sha256', secret).update(body).digest('hex');
  const response = await fetch(url, {
    ...{ method: 'POST', redirect: 'error', body },
    signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_PATIENCE_MS)]),
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'moat',
      ...(signature !== undefined && { 'X-Moat-Signature': `sha256=${signature}` }),
    },
  }).catch((fault: Error) => {
    const { code } = (fault.cause ?? {}) as NodeJS.ErrnoException;
    throw new Error(`the webhook is not reached: ${code ?? fault.name}`);
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook answers ${response.status}`);
}

/** What it left behind ends with it. Its user is that of the process of the API, which has given root away. */
async function run(path: string, deed: ScaleDeed, signal: AbortSignal): Promise<void> {
  const { pool, from, to, reason, load } = deed;
  const env = {
    MOAT_POOL: pool,
    MOAT_FROM: `${from}`,
    MOAT_TO: `${to}`,
    MOAT_REASON: reason,
    MOAT_LOAD: `${load}`,
  };
  const { code, says } = await endOf(
    startProgram(UNPRIVILEGED_USER, [path, pool, `${from}`, `${to}`], env),
    signal,
    SCRIPT_PATIENCE_MS,
  ).catch((fault: NodeJS.ErrnoException) => {
    throw new Error(`"${path}" cannot be run: ${fault.code ?? fault.message}`);
  });
  if (code !== 0) throw new Error(`"${path}" is not done: ${says}`);
}
