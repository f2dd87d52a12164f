/** Entity tags: of what a change would change, not of counts, which are others each time (RFC 9110, 8.8.3). */
import { createHash } from 'node:crypto';
import { refuse } from './refusal.ts';

const DIGEST_CHARS = 24;

/** @param state equal JSON gives an equal tag */
export const etagOf = (state: unknown): string =>
  `"${createHash('sha256')
    .update(JSON.stringify(state) ?? 'null')
    .digest('base64url')
    .slice(0, DIGEST_CHARS)}"`;

/**
 * Holds If-Match (RFC 9110, 13.1.1) against a tag: strong comparison.
 *
 * @param field as it came
 * @throws {Refusal} 428 without one, 412 when something else is there now
 */
export function holdAgainst(field: string | undefined, tag: string): void {
  if (field === undefined)
    throw refuse(428, 'precondition-required', 'say If-Match with the ETag of what you have seen, or *');
  if (field.trim() === '*') return;
  const tags = field.split(',').map(word => word.trim());
  if (!tags.includes(tag))
    throw refuse(412, 'precondition-failed', 'it has changed since you have seen it: get it again');
}
