/** Asks health checks as they stand in a configuration. */
import assert from 'node:assert/strict';
import { Pinger } from '../../../l4/health/pinger.ts';
import { ask, type Outcome } from '../../../l4/health/table.ts';
import { checkText, faultsOf } from '../../config/check-text.ts';

export interface Asked {
  readonly address?: string;
  readonly port: number;
  readonly weight?: number;
  readonly files?: Record<string, string>;
}

/** The outcome of `health_check LINE;`. A timeout of 10s is in the line unless it has its own. */
export async function asked(
  line: string,
  { address = '127.0.0.1', port, weight = 10, files }: Asked,
): Promise<Outcome> {
  const timed = line.includes('timeout=') ? line : `${line} timeout=10s`;
  const text = `l4 { script_user nobody; virtual_server 192.0.2.1:80 tcp { real_server 10.0.0.1; health_check ${timed}; } }`;
  const checked = checkText(text, files);
  assert.deepEqual(faultsOf(checked), []);
  const [check] = checked.model!.l4!.virtualServers[0]!.checks;
  using pinger = new Pinger();
  const target = {
    address,
    port,
    from: undefined,
    virtualServer: '192.0.2.1:80 tcp',
    realServer: '10.0.0.1',
    weight,
  };
  return await ask(check!.question, target, { timeoutMs: check!.timeoutMs, scriptUser: 'nobody', pinger });
}

/** Why it failed; '' when it passed. */
export async function reasonFor(line: string, where: Asked): Promise<string> {
  const outcome = await asked(line, where);
  return outcome.passed ? '' : outcome.reason;
}
