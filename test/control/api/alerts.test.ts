/** Alerts: when they are raised and over, who is told, and that every channel says it as its receivers read it. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { AlertRule, NotifyModel } from '#model/api.ts';
import { type Alert, Alerts } from '../../../control/api/alert/alerts.ts';
import { DEFAULT_RULES, rulesOf } from '../../../control/api/alert/defaults.ts';
import { KeptAlerts } from '../../../control/api/alert/kept.ts';
import { Notifier } from '../../../control/api/alert/notifier.ts';
import { withoutSecrets } from '../../../control/api/desk/redact.ts';
import { freePorts, until } from '../../e2e/rig.ts';
import { CHANGE, startApi } from './api-rig.ts';

const RULE: AlertRule = {
  ...{
    name: 'disk',
    metric: 'used',
    side: 'above',
    bound: 0.9,
    clear: 0.8,
    forMs: 60_000,
    severity: 'warning',
  },
};
const ALERT: Alert = {
  ...{
    id: '1',
    rule: 'disk',
    metric: 'used{path="/"}',
    severity: 'critical',
    side: 'above',
    bound: 0.9,
    value: 0.95,
  },
  ...{ raisedMs: 1_800_000_000_000, resolvedMs: undefined, silenced: false },
};
const NOTIFY: NotifyModel = {
  ...{
    channel: 'webhook',
    url: '',
    secret: undefined,
    from: undefined,
    to: [],
    user: undefined,
    password: undefined,
  },
};

/** Alerts over a metric that a test sets, and what was told. */
function watched(rule: AlertRule = RULE) {
  const told: Alert[] = [];
  const alerts = new Alerts([rule], alert => told.push(alert));
  const at = (seconds: number, value: number | undefined, metric = 'used') =>
    alerts.judge(new Map(value === undefined ? [] : [[metric, value]]), seconds * 1000);
  const words = () => told.map(({ resolvedMs }) => (resolvedMs === undefined ? 'raised' : 'resolved'));
  return { alerts, told, at, words };
}

test('alerts: raised once after a while, over only behind the second bound, told once each', () => {
  const { alerts, at, words, told } = watched();
  at(0, 0.95);
  at(30, 0.5);
  at(40, 0.95);
  at(99, 0.95);
  assert.deepEqual(words(), [], 'a dip begins the time anew');
  at(100, 0.95);
  at(101, 0.99);
  assert.deepEqual(words(), ['raised']);
  assert.equal(alerts.raised[0]!.value, 0.99);
  at(102, 0.85);
  at(103, 0.95);
  at(104, 0.81);
  assert.deepEqual(words(), ['raised'], 'it flaps between the bounds');
  at(105, 0.8);
  assert.deepEqual(words(), ['raised', 'resolved']);
  assert.deepEqual([told[1]!.raisedMs, told[1]!.resolvedMs], [100_000, 105_000]);
  assert.equal(alerts.past.length, 1);
});

test('alerts: below a bound, by label, at once; a metric that is gone is over after a minute', () => {
  const { alerts, at, words } = watched({ ...RULE, side: 'below', bound: 1, clear: 1, forMs: 0 });
  alerts.judge(
    new Map([
      ['used{a="1"}', 0],
      ['used{a="2"}', 1],
      ['used_more', 0],
    ]),
    0,
  );
  assert.deepEqual(
    alerts.raised.map(({ metric }) => metric),
    ['used{a="1"}'],
  );
  at(59, undefined);
  assert.deepEqual(words(), ['raised']);
  at(61, undefined);
  assert.deepEqual(words(), ['raised', 'resolved']);
});

test('alerts: are bounded, however many metrics there are', () => {
  const { alerts, told } = watched({ ...RULE, forMs: 0 });
  for (let round = 0; round < 10; round++) {
    alerts.judge(
      new Map(Array.from({ length: 1000 }, (_, at) => [`used{n="${round}-${at}"}`, 1])),
      round * 200_000,
    );
    alerts.judge(new Map(), round * 200_000 + 100_000);
  }
  assert.equal(alerts.raised.length, 0);
  assert.equal(alerts.past.length, 256);
  assert.ok(told.length <= 10 * 512);
});

test('alerts: a silence holds for its rule until it ends; what was told is not told again after a restart', () => {
  const dir = mkdtempSync(join(tmpdir(), 'moat-alerts-'));
  const path = join(dir, 'alerts.json');
  const faults: string[] = [];
  const open = () =>
    new KeptAlerts(openSync(path, constants.O_RDWR | constants.O_CREAT), text => faults.push(text));
  const told: Alert[] = [];
  const rules = [{ ...RULE, forMs: 0 }];
  const start = () => {
    const kept = open();
    return new Alerts(rules, alert => told.push(alert), kept.write, kept.read());
  };
  const first = start();
  const nowMs = Date.now();
  const used = (value: number) => new Map([['used', value]]);
  first.silence(
    { rule: 'disk', metric: undefined, untilMs: nowMs + 50_000, who: 'x', comment: 'work' },
    nowMs,
  );
  first.judge(used(1), nowMs);
  assert.deepEqual([first.raised[0]!.silenced, told.length], [true, 0]);
  first.judge(used(0), nowMs + 1);
  first.judge(used(1), nowMs + 50_000);
  assert.equal(told.length, 1, 'the silence has no end');
  const second = start();
  assert.equal(second.silences(nowMs).length, 1);
  second.judge(used(1), nowMs + 51_000);
  assert.equal(told.length, 1, 'told twice');
  second.judge(used(0), nowMs + 52_000);
  assert.equal(told[1]!.id, told[0]!.id);
  assert.equal(told[1]!.resolvedMs, nowMs + 52_000);
  writeFileSync(path, '{"raised":[');
  assert.deepEqual(start().past, []);
  assert.deepEqual(faults, []);
  rmSync(dir, { recursive: true });
});

test('alerts: default rules are replaced by name, and taken out', () => {
  const rules = rulesOf([{ ...RULE, bound: 0.99 }], ['memory']);
  assert.equal(rules.filter(({ name }) => name === 'disk').length, 1);
  assert.equal(rules.find(({ name }) => name === 'disk')!.bound, 0.99);
  assert.equal(rules.length, DEFAULT_RULES.length - 1);
  for (const { name, side, bound, clear } of DEFAULT_RULES)
    assert.ok(side === 'above' ? clear <= bound : clear >= bound, name);
});

interface Received {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** A program that takes what chats and hooks are sent. @param answer of the n-th request */
async function receiver(answer: (at: number) => { readonly status: number; readonly text: string }) {
  const got: Received[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    got.push({ url: new URL(request.url!, 'http://x'), headers: request.headers, body: JSON.parse(text) });
    const { status, text: said } = answer(got.length);
    response.writeHead(status).end(said);
  }).listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const end = () =>
    new Promise<void>(done => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return { got, url: `http://127.0.0.1:${port}/robot?key=verysecret`, [Symbol.asyncDispose]: end };
}

test('channels: each chat and hook gets the form that it reads, with its signature', async () => {
  await using place = await receiver(() => ({ status: 200, text: '{"errcode":0,"code":0}' }));
  const channels = ['webhook', 'slack', 'wecom', 'feishu', 'dingtalk'] as const;
  for (const [at, channel] of channels.entries()) {
    const notifier = new Notifier([{ ...NOTIFY, channel, url: place.url, secret: 'robot' }], () => {}, []);
    notifier.put({ ...ALERT, metric: 'used{pool="\xe6\xb1\xa0 <!here> @all\\n"}' });
    await until(() => notifier.states[0]!.sent === 1, channel);
    assert.equal(place.got.length, at + 1);
  }
  const [hook, slack, wecom, feishu, dingtalk] = place.got;
  assert.deepEqual([hook!.body.status, hook!.body.rule, hook!.body.value], ['raised', 'disk', 0.95]);
  assert.match(hook!.body.metric, /池/);
  const texts = [
    slack!.body.text,
    wecom!.body.text.content,
    feishu!.body.content.text,
    dingtalk!.body.text.content,
  ];
  for (const text of texts) {
    assert.match(
      text,
      /^CRITICAL: disk on .*\nused.*池.* is 0\.95 \(bad above 0\.9\)\nraised at 2027-01-15T08:00:00\.000Z$/,
    );
    assert.doesNotMatch(text, /[<>@]/, 'a name of the configuration calls somebody');
  }
  assert.deepEqual(
    [wecom!.body.msgtype, feishu!.body.msg_type, dingtalk!.body.msgtype],
    ['text', 'text', 'text'],
  );
  const sign = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64');
  assert.equal(feishu!.body.sign, sign(`${feishu!.body.timestamp}\nrobot`, ''));
  const asked = dingtalk!.url.searchParams;
  assert.equal(asked.get('sign'), sign('robot', `${asked.get('timestamp')}\nrobot`));
  assert.equal(asked.get('key'), 'verysecret');
});

test('channels: what fails is tried again, then lost and told, without the address; a chat that says no is a failure', async () => {
  await using place = await receiver(at =>
    at === 1
      ? { status: 500, text: '' }
      : { status: 200, text: at === 2 ? '{"errcode":93000}' : '{"errcode":0}' },
  );
  const told: string[] = [];
  const notifier = new Notifier(
    [{ ...NOTIFY, channel: 'wecom', url: place.url }],
    text => told.push(text),
    [0, 0],
  );
  notifier.put(ALERT);
  await until(() => notifier.states[0]!.sent === 1);
  assert.equal(place.got.length, 3);
  assert.equal(told.length, 0);
  const [port = 0] = await freePorts(1);
  const dead = new Notifier(
    [{ ...NOTIFY, url: `http://127.0.0.1:${port}/verysecret` }],
    text => told.push(text),
    [0],
  );
  for (let at = 0; at < 100; at++) dead.put(ALERT);
  await until(() => dead.states[0]!.lost === 100);
  assert.match(told[0]!, /could not be told by webhook: ECONNREFUSED/);
  assert.ok(!told.join().includes('verysecret'));
  assert.equal(dead.states[0]!.host, `127.0.0.1:${port}`);
});

/** A mail server that keeps what it is told. @param refuse a command that it refuses */
async function mailServer(refuse = 'NOTHING') {
  const said: string[] = [];
  const server = createTcpServer(socket => {
    let inData = false;
    socket.write('220-hello\r\n220 there\r\n');
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', line => {
      said.push(line);
      if (inData) {
        if (line !== '.') return;
        inData = false;
        return void socket.write('250 taken\r\n');
      }
      if (line.startsWith(refuse)) return void socket.write('550 no\r\n');
      if (line.startsWith('EHLO')) return void socket.write('250-me\r\n250 AUTH PLAIN\r\n');
      inData = line === 'DATA';
      socket.write(inData ? '354 go on\r\n' : '250 fine\r\n');
    });
  }).listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  return { said, url: `smtp://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

test('mail: goes through a conversation with a server; a password is not said in the clear; a refusal is told', async () => {
  await using place = await mailServer();
  const model: NotifyModel = {
    ...NOTIFY,
    channel: 'smtp',
    url: place.url,
    from: 'moat@example.org',
    to: ['a@example.org', 'b@example.org'],
  };
  const notifier = new Notifier([model], () => {}, []);
  notifier.put({ ...ALERT, resolvedMs: 1_800_000_060_000 });
  await until(() => notifier.states[0]!.sent === 1);
  await until(() => place.said.includes('QUIT'));
  assert.ok(place.said.includes('MAIL FROM:<moat@example.org>'));
  assert.equal(place.said.filter(line => line.startsWith('RCPT')).length, 2);
  const subject = place.said.find(line => line.startsWith('Subject: '))!;
  assert.match(
    Buffer.from(/\?b\?(.*)\?=/i.exec(subject)![1]!, 'base64').toString(),
    /^moat: RESOLVED: disk on /,
  );
  const body = place.said.slice(place.said.indexOf('') + 1, place.said.indexOf('.')).join('');
  assert.match(Buffer.from(body, 'base64').toString(), /resolved at 2027-01-15T08:01:00/);
  const careful = new Notifier([{ ...model, user: 'moat', password: 'verysecret' }], () => {}, []);
  careful.put(ALERT);
  await until(() => careful.states[0]!.lost === 1);
  assert.match(careful.states[0]!.fault!, /no TLS/);
  assert.ok(!place.said.some(line => line.startsWith('AUTH')));
  await using no = await mailServer('RCPT');
  const refused = new Notifier([{ ...model, url: no.url }], () => {}, []);
  refused.put(ALERT);
  await until(() => refused.states[0]!.lost === 1);
  assert.match(refused.states[0]!.fault!, /it answers 550 to RCPT/);
});

test('alerts: of a running program are told, shown, silenced and over; addresses of chats are in no answer', async () => {
  await using place = await receiver(() => ({ status: 200, text: '{}' }));
  await using rig = await startApi(undefined, {
    api: `notify webhook ${place.url}; alert there metric=l7_up above=0 severity=critical; alert disk off; alert memory off;`,
  });
  const token = rig.token('operator');
  await until(() => place.got.some(({ body }) => body.rule === 'there'), 'the alert');
  const { body } = await rig.call('/api/v1/alerts', { token });
  assert.equal(body.raised.find(({ rule }: Alert) => rule === 'there').severity, 'critical');
  const wish = { rule: 'there', lengthS: 60, comment: 'at work' };
  const silences = '/api/v1/alerts/silences';
  const made = await rig.call(silences, { method: 'POST', token, headers: CHANGE, body: wish });
  assert.equal(made.status, 201, made.text);
  assert.equal((await rig.call(silences, { token })).body.items[0].comment, 'at work');
  assert.equal(
    (await rig.call(`${silences}/${made.body.id}`, { method: 'DELETE', token, headers: CHANGE })).status,
    204,
  );
  const admin = rig.token('admin');
  const audit = await rig.call('/api/v1/audit', { token: admin });
  assert.deepEqual(
    audit.body.items
      .map(({ what }: { what: string }) => what)
      .filter((what: string) => what.startsWith('silence')),
    ['silence-end', 'silence'],
  );
  const shown = [
    await rig.call('/api/v1/alerts/channels', { token }),
    await rig.call('/api/v1/config', { token: admin }),
  ];
  for (const { status, text } of shown) {
    assert.equal(status, 200);
    assert.ok(!text.includes('verysecret'), text);
  }
  const count = place.got.filter(({ body: { rule } }) => rule === 'there').length;
  rig.moat.reload(rig.conf(undefined, `notify webhook ${place.url}; alert there metric=l7_up above=1;`));
  await until(
    () => place.got.some(({ body: { rule, status } }) => rule === 'there' && status === 'resolved'),
    'its end',
  );
  assert.equal(
    place.got.filter(({ body: { rule } }) => rule === 'there').length,
    count + 1,
    'another process tells it again',
  );
  assert.ok(!rig.moat.read().includes('verysecret'));
  assert.equal(withoutSecrets('notify slack "https://x/y z";'), 'notify slack ***;');
  assert.ok(readFileSync(`${rig.state}/alerts.json`, 'utf8').includes('there'));
});
