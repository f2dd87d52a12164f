/** Sources at work, against servers that answer as the real ones document it, and files on a real disk. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SourceFiles } from '../../../control/pool/source-files.ts';
import { until } from '../../e2e/rig.ts';
import { Authority } from '../authority.ts';
import { container, instance, slice, sliceList } from './answers.ts';
import { ApiServer, Consul, sendJson } from './api-server.ts';
import { poolWith } from './models.ts';
import { Reader } from './reader.ts';

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'discover-'));

  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes it in place. */
  write(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test('discover file: follows a file that comes, is written in place, is replaced, is broken, is emptied and goes', async () => {
  using folder = new Folder();
  using reader = new Reader(poolWith(`discover file ${folder.at('web')};`));
  await reader.ready;
  assert.equal(reader.members, '');
  assert.match(reader.figures.error!, /web" cannot be read: ENOENT/);
  assert.equal(reader.figures.state, 'waiting');
  folder.write('web', '127.0.0.1:81 weight=2\n');
  await reader.named('127.0.0.1:81 2');
  renameSync(
    folder.write('new', '["127.0.0.1:82", {"address": "127.0.0.1:81", "drain": true}]'),
    folder.at('web'),
  );
  await reader.named('-127.0.0.1:81, 127.0.0.1:82');
  assert.equal(reader.figures.state, 'current');
  folder.write('web', '["127.0.0.1:83"');
  await reader.failed(/the file is not JSON/);
  assert.equal(reader.figures.state, 'stale');
  folder.write('web', '');
  await reader.failed(/it names no members/);
  rmSync(folder.at('web'));
  await reader.failed(/ENOENT/);
  assert.equal(reader.members, '-127.0.0.1:81, 127.0.0.1:82', 'the last good ones stay');
  assert.ok(reader.figures.refused >= 2 && reader.figures.failures >= 1);
  folder.write('web', '127.0.0.1:84');
  await reader.named('127.0.0.1:84');
  assert.equal(reader.figures.state, 'current');
  assert.match(reader.lines.join(''), /the file is not JSON, the 2 members that it named last stay/);
});

test('discover file: what is no plain file is refused, and nothing but what is configured is read', async () => {
  using folder = new Folder();
  using reader = new Reader(poolWith(`discover file ${folder.path};`));
  await reader.ready;
  assert.match(reader.figures.error!, /it is no plain file|EISDIR/);
  await assert.rejects(new SourceFiles().read('/etc/shadow', undefined), /is no file of a source/);
});

test('allow_empty: nobody is an answer like others', async () => {
  using folder = new Folder();
  using reader = new Reader(poolWith(`discover file ${folder.write('web', '127.0.0.1:81')} allow_empty;`));
  await reader.named('127.0.0.1:81');
  folder.write('web', '# nobody\n');
  await reader.named('');
  assert.equal(reader.figures.state, 'current');
});

test('several sources and a line are one pool; an address that two name has the words of the first; who fails keeps its own', async () => {
  using folder = new Folder();
  const [one, two] = [
    folder.write('one', '127.0.0.1:81 weight=3\n127.0.0.1:80'),
    folder.write('two', '127.0.0.1:81\n127.0.0.1:82'),
  ];
  const pool = poolWith(
    `discover file ${one};`,
    `discover file ${two} weight=7;`,
    'server 127.0.0.1 weight=5;',
  );
  using reader = new Reader(pool);
  await reader.named('127.0.0.1 5, 127.0.0.1:81 3, 127.0.0.1:82 7');
  assert.deepEqual(reader.book.namers(pool).get('127.0.0.1:81'), [`file ${one}`, `file ${two}`]);
  rmSync(one);
  await reader.failed(/ENOENT/);
  folder.write('two', '127.0.0.1:83');
  await reader.named('127.0.0.1 5, 127.0.0.1:81 3, 127.0.0.1:83 7');
});

test('what was kept is there before the source answers, as far as the rules of today allow, and until it does', async () => {
  await using server = await ApiServer.start((_, response) => response.socket?.destroy());
  const words = `consul ${server.url} service=web`;
  const kept = (hosts: string[]) => [
    { source: words, succeededMs: 5, members: hosts.map(host => ({ host, port: 80 })) },
  ];
  using reader = new Reader(poolWith(`discover ${words};`), kept(['10.0.0.1', '127.0.0.1']));
  assert.equal(reader.members, '10.0.0.1:80', 'at once');
  assert.deepEqual([reader.figures.state, reader.figures.succeededMs], ['kept', 5]);
  await reader.failed(/socket hang up|ECONNRESET/);
  assert.deepEqual([reader.figures.state, reader.members], ['stale', '10.0.0.1:80']);
  server.answer = new Consul([instance('10.0.0.2', 80)]).answer;
  await reader.named('10.0.0.2:80');
  assert.deepEqual(
    reader.book.kept().map(({ members }) => members),
    [[{ host: '10.0.0.2', port: 80 }]],
  );
});

test('discover consul: blocking queries with the index and the token of the moment; an index that goes back begins anew', async () => {
  using folder = new Folder();
  const consul = new Consul([instance('10.0.0.1', 80)]);
  await using server = await ApiServer.start(consul.answer);
  const token = folder.write('token', 'first-token\n');
  using reader = new Reader(
    poolWith(`discover consul ${server.url} service=web tag=blue token_file=${token};`),
  );
  await reader.named('10.0.0.1:80');
  await until(() => server.asked.length === 2, 'a question that waits');
  folder.write('token', 'second-token\n');
  consul.change([
    instance('10.0.0.1', 80, { weights: { Passing: 4, Warning: 1 } }),
    instance('10.0.0.2', 81),
  ]);
  await reader.named('10.0.0.1:80 4, 10.0.0.2:81');
  await until(() => server.asked.length === 3, 'the next question');
  const shown = server.asked.map(({ path, query, headers }) => [
    path,
    query.get('index'),
    query.get('tag'),
    headers['x-consul-token'],
  ]);
  const path = '/v1/health/service/web';
  assert.deepEqual(shown, [
    [path, null, 'blue', 'first-token'],
    [path, '1', 'blue', 'first-token'],
    [path, '2', 'blue', 'second-token'],
  ]);
  consul.index = 0;
  consul.change([instance('10.0.0.3', 80)]);
  await reader.named('10.0.0.3:80');
  await until(() => server.asked.length >= 4, 'a question without an index');
  assert.equal(server.asked[3]!.query.get('index'), null);
  assert.ok(server.asked.every(({ method }) => method === 'GET'));
  folder.write('token', '');
  consul.change(consul.entries);
  await reader.failed(/token" holds no token in its first line/);
});

test('hostile answers are refused and counted, and the last good members stay', async () => {
  const consul = new Consul([instance('10.0.0.1', 80)]);
  await using server = await ApiServer.start(consul.answer);
  using reader = new Reader(poolWith(`discover consul ${server.url} service=web max_members=3;`));
  await reader.named('10.0.0.1:80');
  const body =
    (text: string, headers: Record<string, string> = {}) =>
    (_: unknown, response: ServerResponse) =>
      void response.writeHead(200, headers).end(text);
  const many = Array.from({ length: 4 }, (_, n) => instance(`10.0.1.${n}`, 80));
  const flood = (_: unknown, response: ServerResponse) => {
    response.writeHead(200);
    const piece = Buffer.alloc(1 << 20, ' ');
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  };
  for (const [answer, reason] of [
    [body('<html>'), /^the answer is not JSON$/],
    [body('{"a":1}'), /^the answer is no list$/],
    [body('[]', { 'Content-Length': `${2 ** 30}` }), /^the answer is longer than 16 MB$/],
    [flood, /^the answer is longer than 16 MB$/],
    [body('[]', { 'Content-Encoding': 'gzip' }), /^the answer is encoded \(gzip\)$/],
    [body(JSON.stringify(many)), /^it names 4 members, and max_members is 3$/],
    [body('[]', { 'X-Consul-Index': '1' }), /^it names no members$/],
    [
      body(JSON.stringify([instance('169.254.169.254', 80)]), { 'X-Consul-Index': '1' }),
      /^it names no members$/,
    ],
  ] as const) {
    const { refused } = reader.figures;
    server.answer = answer;
    // A question that waits is let go, so that the next one meets the new answer.
    consul.change(consul.entries);
    await until(
      () => reader.figures.refused > refused && reason.test(reader.figures.error ?? ''),
      `${reason}`,
      90_000,
    );
    assert.deepEqual([reader.members, reader.figures.state], ['10.0.0.1:80', 'stale']);
    server.answer = consul.answer;
    await until(() => reader.figures.state === 'current', 'an answer that can be taken');
  }
  assert.match(
    reader.lines.join(''),
    /1 left out, the first is 169\.254\.169\.254:80: an address of this host or link/,
  );
  const { failures } = reader.figures;
  server.answer = (_, response) =>
    void response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end('over\nthere');
  consul.change(consul.entries);
  await reader.failed(/^it answers 302: over there$/);
  assert.ok(reader.figures.failures > failures);
});

/** An API server with EndpointSlices: a list in parts, then a watch whose messages a test sends. */
class Kubernetes {
  items: object[] = [];
  version = '100';
  watch: ServerResponse | undefined;

  readonly answer: ApiServer['answer'] = ({ query }, response) => {
    if (query.get('watch')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      this.watch = response;
      return;
    }
    const part = Number(query.get('continue') ?? 0);
    const more = part + 1 < this.items.length ? `${part + 1}` : undefined;
    sendJson(response, sliceList(this.items.slice(part, part + 1), this.version, more));
  };

  async say(type: string, object: object): Promise<void> {
    await until(() => this.watch !== undefined, 'a watch');
    this.watch!.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** Ends the watch, and waits for nothing. */
  end(): void {
    this.watch?.end();
    this.watch = undefined;
  }
}

test('discover kubernetes: lists in parts, watches, goes on from bookmarks, and lists anew after 410', async () => {
  using folder = new Folder();
  const kube = new Kubernetes();
  kube.items = [slice('web-a', [['10.1.0.1'], ['10.1.0.2']]), slice('web-b', [['10.1.0.2'], ['fd00::2']])];
  await using server = await ApiServer.start(kube.answer);
  const token = folder.write('token', 'secret');
  const line = `discover kubernetes ${server.url}/k8s namespace=shop service=web token_file=${token};`;
  using reader = new Reader(poolWith(line));
  await reader.named('10.1.0.1:8080, 10.1.0.2:8080, [fd00::2]:8080');
  const [first, second] = server.asked;
  assert.equal(first!.path, '/k8s/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices');
  assert.equal(first!.query.get('labelSelector'), 'kubernetes.io/service-name=web');
  assert.equal(first!.headers.authorization, 'Bearer secret');
  assert.equal(second!.query.get('continue'), '1');

  const leaving = { ready: false, serving: true, terminating: true };
  await kube.say('MODIFIED', slice('web-a', [['10.1.0.1', leaving], ['10.1.0.3']], { version: '101' }));
  await reader.named('-10.1.0.1:8080, 10.1.0.2:8080, 10.1.0.3:8080, [fd00::2]:8080');
  await kube.say('DELETED', slice('web-b', null, { version: '102', ports: null }));
  await reader.named('-10.1.0.1:8080, 10.1.0.3:8080');
  await kube.say('BOOKMARK', { kind: 'EndpointSlice', metadata: { resourceVersion: '150' } });
  await kube.say('ADDED', slice('web-c', [['10.1.0.9']], { version: '151' }));
  await reader.named('-10.1.0.1:8080, 10.1.0.3:8080, 10.1.0.9:8080');
  kube.end();
  await until(() => kube.watch !== undefined, 'another watch');
  const watches = () =>
    server.asked.filter(({ query }) => query.get('watch')).map(({ query }) => query.get('resourceVersion'));
  assert.deepEqual(watches(), ['100', '151']);

  kube.items = [slice('web-d', [['10.1.0.20']])];
  kube.version = '900';
  await kube.say('ERROR', {
    kind: 'Status',
    code: 410,
    message: 'too old resource version',
    reason: 'Expired',
  });
  await reader.named('10.1.0.20:8080');
  await until(() => watches().at(-1) === '900', 'a watch from the new list');
  server.answer = (_, response) =>
    void response
      .writeHead(403)
      .end(JSON.stringify({ kind: 'Status', message: 'endpointslices is forbidden' }));
  kube.end();
  await reader.failed(/^it answers 403: endpointslices is forbidden$/);
  assert.equal(reader.members, '10.1.0.20:8080');
  assert.ok(server.asked.every(({ method }) => method === 'GET'));
});

test('discover docker: running containers with the label over a socket, listed again at each event, and nothing but read', async () => {
  using folder = new Folder();
  let containers = [container('web-1', { front: '172.18.0.2' })];
  let events: ServerResponse | undefined;
  await using server = await ApiServer.start((asked, response) => {
    if (asked.path === '/containers/json') return sendJson(response, containers);
    assert.equal(asked.path, '/events');
    response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
    events = response;
  }, folder.at('docker.sock'));
  using reader = new Reader(
    poolWith(`discover docker unix:${folder.at('docker.sock')} label=moat.pool=web;`),
  );
  await reader.named('172.18.0.2:8080');
  const happen = (Action: string) =>
    events!.write(`${JSON.stringify({ Type: 'container', Action, Actor: { ID: 'x' }, time: 1 })}\n`);
  containers = [
    ...containers,
    container('web-2', { front: '172.18.0.3' }, { labels: { 'moat.weight': '3' } }),
  ];
  happen('start');
  await reader.named('172.18.0.2:8080, 172.18.0.3:8080 3');
  containers = containers.slice(1);
  happen('die');
  await reader.named('172.18.0.3:8080 3');
  containers = [...containers, container('lost', {})];
  happen('start');
  await until(() => reader.figures.leftOut === 1, 'the one without a network');
  assert.match(reader.lines.join(''), /the first is lost: it is in no network/);
  assert.ok(server.asked.every(({ method }) => method === 'GET'));
  const list = server.asked.find(({ path }) => path === '/containers/json')!;
  assert.deepEqual(JSON.parse(list.query.get('filters')!), { label: ['moat.pool=web'], status: ['running'] });
  events!.end();
  await reader.failed(/^the events have ended$/);
  assert.equal(reader.members, '172.18.0.3:8080 3');
});

test('discover over TLS: the server is believed by the certificates of ca=, and by no others', async () => {
  using folder = new Folder();
  using authority = new Authority();
  using stranger = new Authority('Somebody else');
  const pair = authority.issue('consul.test', {
    names: [],
    extensions: ['subjectAltName=IP:127.0.0.1'],
  });
  await using server = await ApiServer.start(new Consul([instance('10.0.0.1', 80)]).answer, 0, pair);
  const [own, other] = [folder.write('own.pem', authority.cert), folder.write('other.pem', stranger.cert)];
  const line = (ca: string) => `discover consul ${server.url} service=web${ca};`;
  using believes = new Reader(poolWith(line(` ca=${own}`)));
  await believes.named('10.0.0.1:80');
  for (const ca of ['', ` ca=${other}`]) {
    using reader = new Reader(poolWith(line(ca)));
    await reader.failed(/certificate|issuer|signature/);
    assert.equal(reader.members, '');
  }
});
