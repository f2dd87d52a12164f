/** Traces of OpenTelemetry, with the directives of nginx's otel module. */
import { TRACE_CONTEXTS } from '#model/l7/trace.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { trustFile } from '../pem.ts';
import { type Context, type Directive, defineBlock, defineDirective } from '../registry.ts';
import { BLOCKS } from './core-field.ts';

const EXPORTER: readonly Context[] = ['otel_exporter'];
const DEFAULT_PATH = '/v1/traces';
const MOST_BATCH = 65_536;
const FIELD_NAME = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
/** Those are made by who sends. */
const OWN_FIELDS = ['host', 'content-length', 'content-type', 'transfer-encoding', 'connection'];

const exporter = defineBlock({
  name: 'otel_exporter',
  context: ['http'],
  args: {},
  block: 'otel_exporter',
  doc: {
    summary:
      'Who is told of requests with `otel_trace`: a collector of OpenTelemetry. Spans wait in bounded memory; a collector that is slow or gone costs spans, which are counted, and never traffic.',
    example: 'otel_exporter { endpoint http://localhost:4318; interval 5s; batch_size 512; }',
    differs:
      'It speaks OTLP over HTTP with JSON, to port 4318 of a collector by custom; the module speaks gRPC, to port 4317.',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = { own: {}, headers: [], site: line.name };
    scope.http.trace.exporter = draft;
    body.open(scope.child('otel_exporter', { exporter: draft }));
  },
});

const endpoint = defineDirective({
  name: 'endpoint',
  context: EXPORTER,
  args: { url: arg.text('a URL, or HOST:PORT') },
  doc: {
    summary: `Where the collector listens: without a path it is ${DEFAULT_PATH}, without a scheme http.`,
    example: 'endpoint https://collector.example.org:4318;',
    differs: 'A URL of OTLP over HTTP.',
    since: '0.1',
  },
  compile({ url }, scope) {
    const text = /^https?:\/\//i.test(url) ? url : `http://${url}`;
    const read = URL.canParse(text) ? new URL(text) : undefined;
    const isOdd = read && [read.username, read.password, read.hash].some(part => part !== '');
    if (!read || isOdd || /[^!-~]/.test(url))
      throw new ArgumentFault(`"${url}" is no endpoint`, 'write http://HOST:4318, or HOST:4318');
    if (read.port === '4317')
      scope.faults.warn(
        'value',
        'port 4317 is for OTLP over gRPC by custom, and moat speaks OTLP over HTTP',
        scope.exporter.site,
        'take port 4318 of the collector',
      );
    if (read.pathname === '/') read.pathname = DEFAULT_PATH;
    scope.exporter.own.endpoint = read.href;
  },
});

const header = defineDirective({
  name: 'header',
  context: EXPORTER,
  repeats: true,
  args: { name: arg.text('a name'), value: arg.text('a value').secret() },
  doc: {
    summary: 'A field that goes with each message, say to prove who sends it.',
    example: 'header X-API-Token "a token";',
    since: '0.1',
  },
  compile({ name, value }, scope) {
    if (!FIELD_NAME.test(name) || OWN_FIELDS.includes(name.toLowerCase()))
      throw new ArgumentFault(`"${name}" cannot be a field here`);
    if (/[^\t -~]/.test(value)) throw new ArgumentFault('the value has signs that no field may have');
    scope.exporter.headers.push([name, value]);
  },
});

const trusted = defineDirective({
  name: 'trusted_certificate',
  context: EXPORTER,
  args: { file: trustFile() },
  doc: {
    summary: 'Certificates in PEM, by which that of the collector is verified: else those of the system.',
    example: 'trusted_certificate /etc/moat/collector-ca.pem;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.exporter.own.trustedCertificate = file.text;
  },
});

const interval = defineDirective({
  name: 'interval',
  context: EXPORTER,
  args: { time: arg.durationMs() },
  doc: {
    summary: 'Longest time before a span is sent.',
    default: 'interval 5s;',
    example: 'interval 2s;',
    since: '0.1',
  },
  compile({ time }, scope) {
    if (time < 100 || time > 3_600_000) throw new ArgumentFault('the interval is from 100ms to 1h');
    scope.exporter.own.intervalMs = time;
  },
});

const batch = (
  name: 'batch_size' | 'batch_count',
  field: 'batchSize' | 'batchCount',
  most: number,
  summary: string,
) =>
  defineDirective({
    name,
    context: EXPORTER,
    args: { count: arg.integer({ min: 1, max: most }) },
    doc: {
      summary,
      default: `${name} ${field === 'batchSize' ? 512 : 4};`,
      example: `${name} ${field === 'batchSize' ? 1024 : 8};`,
      since: '0.1',
    },
    compile({ count }, scope) {
      scope.exporter.own[field] = count;
    },
  });

const serviceName = defineDirective({
  name: 'otel_service_name',
  context: ['http'],
  args: { name: arg.text('a name') },
  doc: {
    summary: 'What this program is called in traces (`service.name`).',
    default: 'otel_service_name unknown_service:moat;',
    example: 'otel_service_name edge;',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.http.trace.serviceName = name;
  },
});

const resource = defineDirective({
  name: 'otel_resource_attr',
  context: ['http'],
  repeats: true,
  args: { name: arg.text('a name'), value: arg.text('a value') },
  doc: {
    summary: 'What else is said of this program in traces.',
    example: 'otel_resource_attr deployment.environment.name production;',
    since: '0.1',
  },
  compile({ name, value }, scope) {
    scope.http.trace.resource.push([name, value]);
  },
});

const trace = defineDirective({
  name: 'otel_trace',
  context: BLOCKS,
  args: { value: arg.template() },
  doc: {
    summary:
      'Whether requests are told of: `on`, `off`, or a variable that is `on` or `1` for those that are. Shares are made by `split_clients`, and `$otel_parent_sampled` follows the client.',
    default: 'otel_trace off;',
    example: 'otel_trace $otel_parent_sampled;',
    since: '0.1',
  },
  compile({ value }, scope, line) {
    if (typeof value === 'string' && value !== 'on' && value !== 'off')
      throw new ArgumentFault(`"${value}" is neither on nor off`, 'write on, off, or a variable');
    scope.set('trace', { trace: value });
    if (value !== 'off') scope.http.trace.wanted ??= line.name;
  },
});

const context = defineDirective({
  name: 'otel_trace_context',
  context: BLOCKS,
  args: { how: arg.oneOf(TRACE_CONTEXTS) },
  doc: {
    summary:
      'What becomes of traceparent and tracestate (W3C): `extract` goes on with the trace of the client, `inject` tells the server of ours in the place of what the client said, `propagate` does both, `ignore` passes them as they are.',
    default: 'otel_trace_context ignore;',
    example: 'otel_trace_context propagate;',
    since: '0.1',
  },
  compile({ how }, scope) {
    scope.set('trace', { context: how });
  },
});

const spanName = defineDirective({
  name: 'otel_span_name',
  context: BLOCKS,
  args: { name: arg.template() },
  doc: {
    summary: 'What a span is called; the location as it is written, unless this says otherwise.',
    example: 'otel_span_name "$request_method $host";',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.set('trace', { spanName: name });
  },
});

const spanAttribute = defineDirective({
  name: 'otel_span_attr',
  context: BLOCKS,
  repeats: true,
  args: { name: arg.text('a name'), value: arg.template() },
  doc: {
    summary: 'What else is said in a span. A query may hold secrets, so it is there only by this.',
    example: 'otel_span_attr url.query $args;',
    since: '0.1',
  },
  compile({ name, value }, scope) {
    scope.append('trace', 'attributes', { name, value });
  },
});

export const OTEL: readonly Directive[] = [
  ...[exporter, endpoint, header, trusted, interval],
  batch('batch_size', 'batchSize', MOST_BATCH, 'Spans in one message, for each worker.'),
  batch(
    'batch_count',
    'batchCount',
    1024,
    'Messages of each worker that may wait; spans beyond are dropped.',
  ),
  ...[serviceName, resource, trace, context, spanName, spanAttribute],
];
