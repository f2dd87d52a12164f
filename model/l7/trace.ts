/** Traces of OpenTelemetry: what a location tells of a request, and who is told. */
import type { Template } from '../template.ts';

export const TRACE_CONTEXTS = ['extract', 'inject', 'propagate', 'ignore'] as const;

export interface TraceSettings {
  /** A request is told of when this is `on` or `1`. */
  readonly trace: Template;
  /** `extract`: the trace of the client goes on; `inject`: the server is told of ours; `propagate`: both. */
  readonly context: (typeof TRACE_CONTEXTS)[number];
  /** Undefined: the location as it is written. */
  readonly spanName: Template | undefined;
  readonly attributes: readonly { readonly name: string; readonly value: Template }[];
}

export const TRACE_DEFAULTS: TraceSettings = {
  trace: 'off',
  context: 'ignore',
  spanName: undefined,
  attributes: [],
};

/** Where spans go: OTLP over HTTP, as JSON. */
export interface TraceExporter {
  /** http or https, with its path. */
  readonly endpoint: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** PEM, latin1; undefined: the system's authorities. */
  readonly trustedCertificate: string | undefined;
  /** No longer than so after its end a span is sent. */
  readonly intervalMs: number;
  /** Spans of one message. */
  readonly batchSize: number;
  /** So many messages of each worker may wait. */
  readonly batchCount: number;
  readonly serviceName: string;
  readonly resource: readonly (readonly [name: string, value: string])[];
}

export const EXPORTER_DEFAULTS = { intervalMs: 5000, batchSize: 512, batchCount: 4 } as const;
export const DEFAULT_SERVICE_NAME = 'unknown_service:moat';
