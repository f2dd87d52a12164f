/** The trace of a request: what the client says of it (W3C Trace Context, level 1), and what is said to the server. */
import type { Exchange } from '../exchange.ts';
import type { HeaderList } from '../message.ts';
import { newRequestId } from '../request-id.ts';

export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  /** '' where there is none. */
  readonly parentId: string;
  /** Undefined: the client said nothing of it. */
  readonly parentSampled: boolean | undefined;
  /** tracestate of the client, which goes on with its trace; '' for none. */
  readonly state: string;
  /** Whether the request is told of. */
  sampled: boolean;
}

/** `00-TRACE-PARENT-FLAGS`; of versions to come what this one knows of them (§2.2.5 and §4.3). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 1;
const SPAN_CHARS = 16;
/** A longer one may be left out (§3.3.1.5 asks for 512 at least). */
const MOST_STATE = 2048;

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** @returns undefined for what breaks the rules: then a trace begins anew (§3.2) */
export function parentOf(headers: HeaderList): Parent | undefined {
  const text = headers.get('traceparent');
  if (text === undefined || headers.all('traceparent').length > 1) return undefined;
  const [, version, traceId, spanId, flags = '', rest] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || version === 'ff') return undefined;
  if ((version === '00' && rest !== undefined) || traceId === NO_TRACE || spanId === NO_SPAN)
    return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** @param extracts whether the client's trace goes on */
export function beginTrace({ head: { headers } }: Exchange, extracts: boolean): Trace {
  const parent = extracts ? parentOf(headers) : undefined;
  const state = parent ? (headers.joined('tracestate', ',') ?? '') : '';
  return {
    traceId: parent?.traceId ?? newRequestId(),
    spanId: newRequestId().slice(SPAN_CHARS),
    parentId: parent?.spanId ?? '',
    parentSampled: parent?.sampled,
    state: state.length <= MOST_STATE ? state : '',
    sampled: false,
  };
}

export const traceparentOf = ({ traceId, spanId, sampled }: Trace): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
