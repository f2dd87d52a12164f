/** What went wrong, as the client is told: problem details (RFC 9457). */
import { STATUS_CODES } from 'node:http';
import { type Flaw, Refusal, type RefusalData } from '../refusal.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly Flaw[];
}

export const problemOf = ({ status, code, detail, flaws }: RefusalData): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  code,
  detail,
  ...(flaws && { errors: flaws }),
});

/** Faults of our own say nothing of themselves to clients. @param tell takes them for the log */
export function refusalOf(fault: unknown, tell: (message: string) => void): RefusalData {
  if (fault instanceof Refusal) return fault.data;
  tell(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
  return { status: 500, code: 'internal', detail: 'the request could not be answered: see the error log' };
}
