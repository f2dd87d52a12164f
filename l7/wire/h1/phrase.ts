/** The words behind a status in the status line (RFC 9110 §15). */
import { nodeHttp } from '#kit/node-http.ts';

const { STATUS_CODES } = nodeHttp();

/** Where Node's names are older than RFC 9110. */
const RENAMED: Readonly<Record<number, string>> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };

/** @returns '' for a status without a registered name */
export function phraseOf(status: number): string {
  return RENAMED[status] ?? STATUS_CODES[status] ?? '';
}
