/** What goes wrong with an authority: in words that are fit for a log, and when to come again. */

const MOST_TEXT = 400;

export class AcmeFault extends Error {
  /** `urn:ietf:params:acme:error:` and this, where the authority has said so (RFC 8555 §6.7). */
  readonly type: string | undefined;
  readonly status: number | undefined;
  /** Not before. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    {
      type,
      status,
      retryAfterMs,
      cause,
    }: Partial<Pick<AcmeFault, 'type' | 'status' | 'retryAfterMs' | 'cause'>> = {},
  ) {
    super(message, { cause });
    this.type = type;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What strangers have written, on one line and not too long. */
export const plain = (text: unknown): string =>
  String(text)
    .slice(0, 2 * MOST_TEXT)
    .replace(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, MOST_TEXT);

const PREFIX = 'urn:ietf:params:acme:error:';
const MOST_SUBPROBLEMS = 3;

/** A problem document (RFC 7807) in words; @returns undefined for what is none. */
export function problemIn(found: unknown): { readonly type: string; readonly words: string } | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const { type, detail, subproblems } = found as Record<string, unknown>;
  if (typeof type !== 'string') return undefined;
  const short = plain(type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type);
  const inner = Array.isArray(subproblems) ? subproblems.slice(0, MOST_SUBPROBLEMS) : [];
  const more = inner.flatMap(one => {
    const { detail: why, identifier } = (one ?? {}) as Record<string, unknown>;
    const of = (identifier as { value?: unknown } | undefined)?.value;
    return why === undefined ? [] : `${of === undefined ? '' : `${plain(of)}: `}${plain(why)}`;
  });
  const words = [detail === undefined ? '' : plain(detail), ...more].filter(text => text !== '').join('; ');
  return { type: short, words: words === '' ? short : `${words} (${short})` };
}
