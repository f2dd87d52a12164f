/** Variables of traces: nothing where the location has none. */
import { traceOf } from '../trace/rules.ts';
import type { Getter } from './space.ts';

export const TRACE_VARIABLES: Readonly<Record<string, Getter>> = {
  otel_trace_id: exchange => traceOf(exchange)?.traceId,
  otel_span_id: exchange => traceOf(exchange)?.spanId,
  otel_parent_id: exchange => traceOf(exchange)?.parentId || undefined,
  otel_parent_sampled(exchange) {
    const sampled = traceOf(exchange)?.parentSampled;
    return sampled === undefined ? undefined : sampled ? '1' : '0';
  },
};
