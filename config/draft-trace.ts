/** The draft of who is told of traces: its parts stand in several lines of the http block. */
import type { TraceExporter } from '#model/l7/trace.ts';
import type { Site } from './lex.ts';

export interface ExporterDraft {
  own: {
    -readonly [K in keyof Omit<TraceExporter, 'headers' | 'serviceName' | 'resource'>]?: TraceExporter[K];
  };
  headers: [name: string, value: string][];
  site: Site;
}

export interface TraceDraft {
  exporter: ExporterDraft | undefined;
  serviceName: string | undefined;
  /** The first line that turns it on. */
  wanted: Site | undefined;
  resource: [name: string, value: string][];
}

export const newTrace = (): TraceDraft => ({
  ...{ exporter: undefined, serviceName: undefined, wanted: undefined, resource: [] },
});
