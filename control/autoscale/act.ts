/** Tells whoever can start and end servers how many there shall be. */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { hostname } from 'node:os';
import type { AutoscaleModel } from '#model/autoscale.ts';
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

/** What it left behind ends with it. */
async function run(path: string, deed: ScaleDeed, signal: AbortSignal): Promise<void> {
  const { pool, from, to, reason, load } = deed;
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const env = {
    PATH,
    MOAT_POOL: pool,
    MOAT_FROM: `${from}`,
    MOAT_TO: `${to}`,
    MOAT_REASON: reason,
    MOAT_LOAD: `${load}`,
  };
  const child = spawn(path, [pool, `${from}`, `${to}`], { cwd: '/', detached: true, stdio: 'ignore', env });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended.
    }
  };
  const either = AbortSignal.any([signal, AbortSignal.timeout(SCRIPT_PATIENCE_MS)]);
  either.addEventListener('abort', kill, { once: true });
  const how = await new Promise<string>((done, fail) => {
    child.once('error', fault =>
      fail(new Error(`"${path}" cannot be run: ${(fault as NodeJS.ErrnoException).code}`)),
    );
    child.once('exit', (code, by) => done(code === null ? `was ended by ${by}` : `ended with code ${code}`));
  }).finally(() => either.removeEventListener('abort', kill));
  kill();
  if (how !== 'ended with code 0') throw new Error(`"${path}" ${how}`);
}
