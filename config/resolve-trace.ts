/** The draft of an exporter of traces to its frozen model. */
import { DEFAULT_SERVICE_NAME, EXPORTER_DEFAULTS, type TraceExporter } from '#model/l7/trace.ts';
import type { Faults } from './diagnostic.ts';
import type { TraceDraft } from './draft-trace.ts';

export function resolveExporter(
  { exporter, serviceName = DEFAULT_SERVICE_NAME, resource, wanted }: TraceDraft,
  faults: Faults,
): TraceExporter | undefined {
  if (!exporter && wanted)
    faults.warn(
      'incomplete',
      'nobody is told of traces',
      wanted,
      'add otel_exporter { endpoint http://localhost:4318; }',
    );
  if (!exporter) return undefined;
  const { own, headers, site } = exporter;
  const { endpoint } = own;
  if (endpoint === undefined) {
    faults.error('incomplete', 'otel_exporter has no endpoint', site, 'add endpoint http://localhost:4318;');
    return undefined;
  }
  if (own.trustedCertificate !== undefined && !endpoint.startsWith('https:'))
    faults.error(
      'value',
      'trusted_certificate is for an endpoint of https',
      site,
      'take the line out, or write endpoint https://…',
    );
  return {
    trustedCertificate: undefined,
    ...EXPORTER_DEFAULTS,
    ...own,
    ...{ endpoint, headers, serviceName, resource },
  };
}
