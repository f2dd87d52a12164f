/** What a configuration makes of a request, in one line that can be compared. */
import type { Step } from '#l7';

export interface Decision {
  readonly kind: 'routed' | 'answered' | 'limited' | 'delayed' | 'blocked' | 'nowhere';
  /** Where it came to, and what happens there. */
  readonly text: string;
}

const LIMITS = /^limit_(?:req|conn)/;
const DELAY = /^(limit_req) waits$/;
const REFUSAL = /^(\S+) refuses with (\d+)$/;

export function decisionOf(steps: readonly Step[]): Decision {
  const last = (what: string) => steps.findLast(step => step.what === what)?.text;
  const server = last('server')?.replace(/ for host ".*$/, '') ?? '?';
  const location = last('location')?.replace(/, path .*$/, '') ?? '?';
  const place = `server ${server}, location ${location}`;
  const refusal = steps.flatMap(({ what, text }) => (what === 'phase' ? (REFUSAL.exec(text) ?? []) : []));
  if (refusal.length > 0) {
    const [, phase = '', status] = refusal;
    const kind = LIMITS.test(phase) ? 'limited' : 'blocked';
    return { kind, text: `${place}: ${phase} refuses with ${status}` };
  }
  if (steps.some(({ what, text }) => what === 'phase' && DELAY.test(text)))
    return { kind: 'delayed', text: `${place}: limit_req delays it` };
  const content = last('content');
  if (content !== undefined) return { kind: 'routed', text: `${place}: ${content}` };
  return { kind: 'answered', text: `${place}: ${last('answer') ?? 'no answer'}` };
}

export const nowhere = (why: string): Decision => ({ kind: 'nowhere', text: why });
