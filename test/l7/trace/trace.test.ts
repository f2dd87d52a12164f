/** Traces: what clients say of them is read by the rules of the W3C, servers are told, and a collector hears of requests, or is gone, and nobody waits for it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { HeaderList } from '../../../l7/message.ts';
import { parentOf } from '../../../l7/trace/context.ts';
import { SpanExporter } from '../../../l7/trace/exporter.ts';
import { spanText } from '../../../l7/trace/span.ts';
import { SpanQueue } from '../../../l7/trace/span-queue.ts';
import { EXPORTER_DEFAULTS, type TraceExporter } from '../../../model/l7/trace.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { type Ask, request } from '../../e2e/wire.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('parentOf: reads traceparent as the W3C has it, of versions to come what is known, and nothing else', () => {
  const of = (...values: string[]) => {
    const headers = new HeaderList();
    for (const value of values) headers.add('traceparent', 'traceparent', value);
    return parentOf(headers);
  };
  assert.deepEqual(of(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.equal(of(`00-${TRACE}-${SPAN}-fe`)?.sampled, false);
  assert.equal(of(`cc-${TRACE}-${SPAN}-01-what-comes`)?.sampled, true);
  const odd = [
    ...[
      `ff-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE}-${SPAN}-1`,
    ],
    ...[
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    ],
    ...[`cc-${TRACE}-${SPAN}-01.x`, '', 'x', ` 00-${TRACE}-${SPAN}-01`, `00_${TRACE}_${SPAN}_01`],
  ];
  for (const one of odd) assert.equal(of(one), undefined, one);
  assert.equal(of(`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`), undefined, 'two of them');
  assert.equal(of(), undefined);
});

const EXPORTER: TraceExporter = {
  ...EXPORTER_DEFAULTS,
  ...{ endpoint: '', headers: [], trustedCertificate: undefined, serviceName: 's', resource: [] },
};

interface Message {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: {
    readonly resourceSpans: readonly [
      {
        readonly resource: { readonly attributes: readonly Attribute[] };
        readonly scopeSpans: readonly [{ readonly spans: readonly Span[] }];
      },
    ];
  };
}
type Attribute = {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
};
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code: number };
}

interface Collector extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly Message[];
  spans(): Span[];
}

async function startCollector(how = '200'): Promise<Collector> {
  const entry = join(import.meta.dirname, 'collector.ts');
  const child: ChildProcess = spawn(process.execPath, [entry, '0', how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const messages: Message[] = [];
  let port = 0;
  createInterface(child.stdout!).on('line', line => {
    const said = JSON.parse(line);
    if ('port' in said) port = said.port;
    else messages.push(said);
  });
  await until(() => port > 0, 'the collector');
  return {
    port,
    messages,
    spans: () => messages.flatMap(({ body }) => body.resourceSpans[0].scopeSpans[0].spans),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await new Promise(done => child.once('exit', done));
      }
    },
  };
}

test('exporter: sends batches, bounded in number; what a collector refuses or does not answer is lost and counted', async () => {
  const counts = { sent: 0, dropped: 0, failed: 0 };
  const told: string[] = [];
  const exporter = new SpanExporter({
    log: () => ({ error: (message: string) => void told.push(message), notice() {} }),
    count: (what, n) => {
      counts[what] += n;
    },
  });
  const span = (name: string) =>
    spanText({
      ...{ name, startMs: 1.5, endMs: 2.25, attributes: '', isError: false },
      trace: {
        traceId: TRACE,
        spanId: SPAN,
        parentId: '',
        parentSampled: undefined,
        state: '',
        sampled: true,
      },
    });
  exporter.add({ text: span('early'), count: 1 });
  assert.equal(counts.dropped, 1, 'there is nobody to tell');
  await using good = await startCollector();
  const to = (port: number): TraceExporter => ({
    ...{
      ...EXPORTER,
      endpoint: `http://127.0.0.1:${port}/v1/traces`,
      intervalMs: 100,
      batchSize: 2,
      batchCount: 2,
    },
  });
  exporter.follow(to(good.port), 1);
  for (const name of ['a', 'b\xff"\\', 'c']) exporter.add({ text: span(name), count: 1 });
  await until(() => counts.sent === 3, 'the spans');
  assert.deepEqual(
    good.spans().map(({ name }) => name),
    ['a', 'b\ufffd"\\', 'c'],
  );
  assert.deepEqual(
    [good.spans()[0]?.startTimeUnixNano, good.spans()[0]?.endTimeUnixNano],
    ['1500000', '2250000'],
  );
  assert.ok(good.messages.every(({ method, url }) => method === 'POST' && url === '/v1/traces'));

  await using silent = await startCollector('silent');
  exporter.follow(to(silent.port), 1);
  for (let n = 0; n < 2; n++) exporter.add({ text: span('x'), count: 1 });
  await until(() => silent.messages.length === 1, 'a message that is not answered');
  for (let n = 0; n < 10; n++) exporter.add({ text: span('x'), count: 1 });
  assert.equal(counts.dropped, 1 + 6, 'two batches wait, and no more');
  await silent[Symbol.asyncDispose]();
  await until(() => counts.failed >= 2, 'it to be lost');
  assert.match(told[0] ?? '', /2 spans are lost: http:\/\/127/);
  await using refusing = await startCollector('503');
  exporter.follow(to(refusing.port), 1);
  await until(() => counts.failed >= 4, 'the refusal');
  await exporter.close();
  assert.equal(counts.sent, 3);
});

test('span queue: one message for many spans, when there are enough or they have waited', async () => {
  const batches: { text: string; count: number }[] = [];
  const queue = new SpanQueue(batch => batches.push(batch));
  queue.follow({ ...EXPORTER, batchSize: 2, intervalMs: 100 });
  for (const text of ['1', '2', '3']) queue.add(text);
  assert.deepEqual(batches, [{ text: '1,2', count: 2 }]);
  queue.flush();
  queue.flush();
  assert.deepEqual(batches.slice(1), [{ text: '3', count: 1 }]);
});

test('otel: the trace of a client goes on to the server and to the collector, as otel_trace and otel_trace_context have it', async () => {
  const [port = 0] = await freePorts(1);
  await using collector = await startCollector();
  const locations = `
    location /echo { return 200 "$http_traceparent|$http_tracestate"; }
    location /propagate { otel_trace on; otel_trace_context propagate; otel_span_attr url.query $args; otel_span_attr n\xc3\xa4me "$http_x\xc3\xa4";
      add_header X-Ids "$otel_trace_id $otel_span_id $otel_parent_id $otel_parent_sampled" always; proxy_pass http://127.0.0.1:${port}/echo; }
    location /inject { otel_trace on; otel_trace_context inject; otel_span_name "$request_method it"; proxy_pass http://127.0.0.1:${port}/echo; }
    location /extract { otel_trace on; otel_trace_context extract; proxy_pass http://127.0.0.1:${port}/echo; }
    location /ignore { otel_trace on; proxy_pass http://127.0.0.1:${port}/echo; }
    location /follow { otel_trace $otel_parent_sampled; otel_trace_context propagate; proxy_pass http://127.0.0.1:${port}/echo; }
    location /plain { add_header X-Ids "[$otel_trace_id]"; proxy_pass http://127.0.0.1:${port}/echo; }
    location /early { otel_trace on; return 503 no; }
    location /metrics { metrics; }`;
  const conf = httpConf(`otel_service_name edge; otel_resource_attr host.name h1;
    otel_exporter { endpoint http://127.0.0.1:${collector.port}; interval 100ms; header X-Token secret; }
    server { listen 127.0.0.1:${port}; ${locations} }`);
  await using moat = await startMoat(conf);
  const said = (flags: string) => ({
    traceparent: `00-${TRACE}-${SPAN}-${flags}`,
    tracestate: ['a=1', 'b=2'],
  });
  const get = async (path: string, fields: Ask['headers'] = said('01')) => {
    const { body, headers } = await request(port, { path, ...(fields && { headers: fields }) });
    const [parent = '', state = ''] = body.split('|');
    return {
      parent: parent.split('-'),
      state,
      ids: headers.find(([name]) => name.toLowerCase() === 'x-ids')?.[1],
    };
  };
  const spanOf = async (path: string): Promise<Span> => {
    const find = () => collector.spans().find(one => attributeOf(one, 'url.path') === path);
    await until(() => find() !== undefined, `the span of ${path}`);
    return find()!;
  };
  const attributeOf = ({ attributes }: Pick<Span, 'attributes'>, key: string) => {
    const { stringValue, intValue } = attributes.find(one => one.key === key)?.value ?? {};
    return stringValue ?? intValue;
  };

  const propagated = await get('/propagate?q=1');
  const span = await spanOf('/propagate');
  assert.deepEqual(propagated.parent, ['00', TRACE, span.spanId, '01']);
  assert.equal(propagated.state, 'a=1,b=2');
  assert.equal(propagated.ids, `${TRACE} ${span.spanId} ${SPAN} 1`);
  assert.deepEqual(
    [span.traceId, span.parentSpanId, span.traceState, span.name],
    [TRACE, SPAN, 'a=1,b=2', '/propagate'],
  );
  const expected = [
    'http.request.method',
    'url.scheme',
    'http.route',
    'client.address',
    'network.protocol.version',
    'http.response.status_code',
    'url.query',
  ];
  assert.deepEqual(
    expected.map(key => attributeOf(span, key)),
    ['GET', 'http', '/propagate', '127.0.0.1', '1.1', '200', 'q=1'],
  );
  assert.equal(attributeOf(span, 'näme'), 'ä');
  assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
  const [message] = collector.messages;
  assert.equal(message?.headers['x-token'], 'secret');
  const about = message!.body.resourceSpans[0].resource;
  assert.deepEqual([attributeOf(about, 'service.name'), attributeOf(about, 'host.name')], ['edge', 'h1']);

  const injected = await get('/inject');
  const other = await spanOf('/inject');
  assert.deepEqual(injected.parent, ['00', other.traceId, other.spanId, '01']);
  assert.ok(other.traceId !== TRACE && other.parentSpanId === undefined && injected.state === '');
  assert.equal(other.name, 'GET it');
  const passed = `00-${TRACE}-${SPAN}-01`;
  assert.equal((await get('/extract')).parent.join('-'), passed);
  assert.equal((await spanOf('/extract')).parentSpanId, SPAN);
  assert.equal((await get('/ignore')).parent.join('-'), passed);
  assert.notEqual((await spanOf('/ignore')).traceId, TRACE);
  const plain = await get('/plain');
  assert.deepEqual([plain.parent.join('-'), plain.ids], [passed, '[]']);

  assert.equal((await get('/follow/no', said('00'))).parent[3], '00');
  assert.equal((await get('/follow/none', {})).parent[3], '00');
  assert.equal((await get('/follow/yes')).parent[3], '01');
  await request(port, { path: '/early' });
  assert.deepEqual((await spanOf('/early')).status, { code: 2 });
  await spanOf('/follow/yes');
  const paths = collector.spans().map(one => attributeOf(one, 'url.path'));
  assert.ok(!paths.some(path => ['/follow/no', '/follow/none', '/plain'].includes(path ?? '')), `${paths}`);

  await collector[Symbol.asyncDispose]();
  for (let n = 0; n < 20; n++) assert.equal((await get('/propagate')).parent[1], TRACE);
  const failed = async () =>
    /otel_spans_total\{outcome="failed"\} ([1-9]\d*)/.test((await request(port, { path: '/metrics' })).body);
  await until(failed, 'the loss to be counted');
  await until(() => moat.read().includes('otel_exporter: '), 'the loss to be told');
});
