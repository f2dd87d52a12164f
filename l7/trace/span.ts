/** A span as JSON of OTLP: put together as text, for it is made while a worker serves. Texts are latin1, one char a byte. */
import type { Trace } from './context.ts';

/** opentelemetry/proto/trace/v1/trace.proto: Span.SpanKind. */
const SERVER = 2;
const ERROR = 2;

export interface Span {
  readonly trace: Trace;
  readonly name: string;
  /** ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** As attributesText() makes them. */
  readonly attributes: string;
  readonly isError: boolean;
}

const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;

export const textAttribute = (key: string, value: string): string =>
  `{"key":${JSON.stringify(key)},"value":{"stringValue":${JSON.stringify(value)}}}`;

/** 64-bit numbers are texts in JSON of protobuf. */
export const numberAttribute = (key: string, value: number): string =>
  `{"key":"${key}","value":{"intValue":"${value}"}}`;

export function spanText({ trace, name, startMs, endMs, attributes, isError }: Span): string {
  const { traceId, spanId, parentId, state } = trace;
  const parent = parentId === '' ? '' : `,"parentSpanId":"${parentId}"`;
  const traceState = state === '' ? '' : `,"traceState":${JSON.stringify(state)}`;
  const status = isError ? `,"status":{"code":${ERROR}}` : '';
  return `{"traceId":"${traceId}","spanId":"${spanId}"${parent}${traceState},"name":${JSON.stringify(name)},"kind":${SERVER},"startTimeUnixNano":"${nanos(startMs)}","endTimeUnixNano":"${nanos(Math.max(startMs, endMs))}","attributes":[${attributes}]${status}}`;
}
