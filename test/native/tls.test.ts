/** TLS on native streams: both ends here, and what broken peers send. */
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { listenTcp, localAddress } from '../../native/socket.ts';
import { StreamLoop } from '../../native/stream.ts';
import type { StreamEvents } from '../../native/stream-events.ts';
import {
  type ClientTlsOptions,
  clientTls,
  type ServerTlsOptions,
  serverTls,
  setStaple,
  setTicketKeys,
  TLS_FACTS,
  type TlsFact,
} from '../../native/tls.ts';
import { Authority } from '../l7/authority.ts';

const ca = new Authority();
const own = ca.issue('own.test', { names: ['own.test', '*.wild.test'] });
const mine = ca.issue('mine.test', { subject: '/O=Löwe, Söhne/CN=mine' });
after(() => ca[Symbol.dispose]());

const bytes = (text: string) => Buffer.from(text, 'latin1');
const pair = ({ cert, key }: { cert: string; key: string }) => ({
  certificate: bytes(cert),
  key: bytes(key),
});
const COMMON = { verify: false, depth: 1, options: 0, leastVersion: 0x0303, mostVersion: 0 };

const server = (options: Partial<ServerTlsOptions> = {}) =>
  serverTls({
    ...COMMON,
    certificates: [pair(own)],
    recordBytes: 16_384,
    compressCertificates: false,
    sessionMode: 1,
    sessionTimeoutS: 300,
    sessionRealm: bytes('test'),
    ...options,
  });
const client = (options: Partial<ClientTlsOptions> = {}) =>
  clientTls({ ...COMMON, certificates: [], sessionSlots: 4, ...options });
const AS = { name: 'own.test', tell: true, slot: -1, fresh: false };

/** Notes what a stream tells. */
class End implements StreamEvents {
  id = -1;
  received = '';
  readonly told: string[] = [];
  pending = 0;
  onData: (bytes: Buffer) => void = () => {};
  onConnected: () => void = () => {};
  streamData(data: Buffer): void {
    this.received += data.latin1Slice();
    this.onData(data);
  }
  streamEnded(): void {
    this.told.push('ended');
  }
  streamClosed(errno: number): void {
    this.told.push(`closed ${errno}`);
  }
  streamConnected(): void {
    this.onConnected();
  }
  streamSecure(alpn: string): void {
    this.told.push(`secure ${alpn}`);
  }
  streamFault(reason: string): void {
    this.told.push(reason);
  }
  streamDrained(): void {
    this.pending = 0;
  }
  streamFlushed(pendingBytes: number): void {
    this.pending = pendingBytes;
  }
  get isSecure(): boolean {
    return this.told[0]?.startsWith('secure') ?? false;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 3000; round++) {
    if (condition()) return;
    await sleep(5);
  }
  throw new Error(`Waited in vain for ${what}`);
}

/** A loop that serves by TLS on a port of its own. */
function serving(context = server()) {
  const loop = new StreamLoop({ begin() {}, end() {} });
  const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 511 });
  const { port } = localAddress(fd);
  const accepted: End[] = [];
  const listener = loop.listen(fd, {
    accepted(id) {
      const end = new End();
      end.id = id;
      accepted.push(end);
      loop.own(id, end);
      loop.startTls(id, context);
    },
    acceptFault() {},
  });
  const open: number[] = [];
  return {
    loop,
    port,
    accepted,
    connect(to = client(), as = AS) {
      const end = new End();
      end.onConnected = () => loop.startTls(end.id, to, undefined, as);
      end.id = loop.connect('127.0.0.1', port, end);
      open.push(end.id);
      return end;
    },
    [Symbol.dispose]() {
      for (const id of [...open, ...accepted.map(({ id }) => id), listener]) loop.close(id);
    },
  };
}

/** Both ends of a connection that stands. */
async function shaken(bed: ReturnType<typeof serving>, to?: ReturnType<typeof client>, as?: typeof AS) {
  const before = bed.accepted.length;
  const near = bed.connect(to, as);
  const isOver = () => near.told.some(what => what.startsWith('closed'));
  await until(() => (near.isSecure && (bed.accepted[before]?.isSecure ?? false)) || isOver(), 'a handshake');
  return { near, far: bed.accepted[before]! };
}

test('facts: the same numbers in C and in TypeScript', () => {
  const source = readFileSync(new URL('../../native/src/tls_facts.c', import.meta.url), 'utf8');
  const names = [...source.matchAll(/^ {2}FACT_([A-Z_]+),/gm)].map(([, name]) => name!);
  const camel = (name: string) =>
    name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  assert.deepEqual(
    names.map(name => camel(name)),
    Object.keys(TLS_FACTS),
  );
  assert.deepEqual(
    Object.values(TLS_FACTS),
    names.map((_, at) => at),
  );
});

test('tls: bytes both ways, in pieces of any size', async () => {
  using bed = serving();
  const { near, far } = await shaken(bed);
  far.onData = data => bed.loop.writeBytes(far.id, data);
  const sent = randomBytes(300_000).toString('latin1');
  for (let at = 0; at < sent.length; at += 10_007) bed.loop.writeText(near.id, sent.slice(at, at + 10_007));
  await until(() => near.received.length === sent.length, 'the echo');
  assert.ok(near.received === sent);
});

test('tls: 32 MB to a reader that sleeps, then all of it arrives in order', async () => {
  using bed = serving();
  const { near, far } = await shaken(bed);
  bed.loop.read(near.id, false);
  const piece = randomBytes(1 << 20);
  for (let round = 0; round < 32; round++) bed.loop.writeBytes(far.id, piece);
  assert.ok(far.pending > 0);
  let got = 0;
  let same = true;
  near.onData = data => {
    near.received = '';
    for (let at = 0; at < data.length; at += 4096) same &&= data[at] === piece[(got + at) % piece.length];
    got += data.length;
  };
  bed.loop.read(near.id, true);
  await until(() => got === 32 << 20, 'all of it');
  assert.ok(same);
  assert.equal(far.pending, 0);
});

test('tls: more at once than the memory of a turn holds comes in later turns, in order', async () => {
  using bed = serving();
  const pairs = await Promise.all(Array.from({ length: 40 }, () => shaken(bed)));
  const sent = randomBytes(200_000);
  for (const { near } of pairs) bed.loop.writeBytes(near.id, sent);
  const ends = bed.accepted.slice(-pairs.length);
  await until(() => ends.every(({ received }) => received.length === sent.length), 'all of it');
  assert.ok(ends.every(({ received }) => received === sent.latin1Slice()));
});

test('tls: a stream that is paused stays so, also when its turn had no room for all of it', async () => {
  using bed = serving();
  const pairs = await Promise.all(Array.from({ length: 40 }, () => shaken(bed)));
  const ends = bed.accepted.slice(-pairs.length);
  for (const end of ends) {
    end.onData = () => {
      bed.loop.read(end.id, false);
      end.onData = () => {}; // it is said once
    };
  }
  const sent = randomBytes(600_000);
  for (const { near } of pairs) bed.loop.writeBytes(near.id, sent);
  await until(() => ends.every(({ received }) => received !== ''), 'something for each');
  const { near, far } = await shaken(bed); // turns go by
  for (let round = 1; round <= 30; round++) {
    bed.loop.writeText(near.id, 'ping');
    await until(() => far.received.length === 4 * round, 'a ping');
  }
  assert.ok(ends.every(({ received }) => received.length < 200_000));
  for (const end of ends) bed.loop.read(end.id, true);
  await until(() => ends.every(({ received }) => received.length === sent.length), 'all of it');
});

test('tls: the end of one side is told, and the other still writes; then both are closed', async () => {
  using bed = serving();
  const { near, far } = await shaken(bed);
  bed.loop.end(near.id);
  await until(() => far.told.includes('ended'), 'the end');
  bed.loop.writeText(far.id, 'last words');
  bed.loop.closeSoon(far.id);
  await until(() => near.told.includes('ended'), 'the other end');
  assert.equal(near.received, 'last words');
  assert.deepEqual(far.told.at(-1), 'closed 0');
});

test('tls: the protocol is agreed on, or there is none to agree on', async () => {
  const names = (...list: string[]) =>
    bytes(list.map(name => String.fromCharCode(name.length) + name).join(''));
  using bed = serving(server({ alpn: names('h2', 'http/1.1') }));
  const { near, far } = await shaken(bed, client({ alpn: names('http/1.1', 'h2') }));
  assert.deepEqual([near.told[0], far.told[0]], ['secure h2', 'secure h2']);
  assert.equal((await shaken(bed)).far.told[0], 'secure ');
  const stranger = bed.connect(client({ alpn: names('gopher') }));
  await until(() => stranger.told.length === 2, 'the fault');
  assert.match(stranger.told[0]!, /SSL_do_handshake\(\) failed \(SSL: error:.*no application protocol/);
});

test('tls: a client that verifies takes what is good and for the name, and says what is wrong', async () => {
  using bed = serving();
  const trusting = client({ verify: true, trusted: bytes(ca.cert) });
  const outcome = async (name: string, to = trusting) => {
    const end = bed.connect(to, { ...AS, name });
    await until(() => end.told.length > 0, 'an outcome');
    return end.told[0]!;
  };
  assert.equal(await outcome('own.test'), 'secure ');
  assert.equal(await outcome('a.wild.test'), 'secure ');
  assert.equal(await outcome('other.test'), 'upstream SSL certificate does not match "other.test"');
  assert.equal(await outcome('127.0.0.1'), 'upstream SSL certificate does not match "127.0.0.1"');
  assert.match(
    await outcome('own.test', client({ verify: true })),
    /^upstream SSL certificate verify error: \(2[01]:unable to .* certificate\)$/,
  );
});

test("tls: sessions are resumed from their slot, but not from one that was another's", async () => {
  const context = server();
  setTicketKeys(context, [randomBytes(80)]);
  using bed = serving(context);
  for (const leastVersion of [0x0303, 0x0304]) {
    const to = client({ leastVersion, mostVersion: leastVersion });
    const reused = async (slot: number, fresh: boolean) => {
      const { near, far } = await shaken(bed, to, { ...AS, slot, fresh });
      bed.loop.writeText(far.id, 'after the ticket');
      await until(() => near.received !== '', 'what follows the ticket');
      return bed.loop.tlsFact(near.id, TLS_FACTS.resumed);
    };
    assert.equal(await reused(0, true), '.');
    assert.equal(await reused(0, false), 'r');
    assert.equal(await reused(1, true), '.');
    assert.equal(await reused(0, true), '.');
  }
});

test('tls: a ticket made with a key that is gone means a full handshake', async () => {
  const context = server();
  const [first, second] = [randomBytes(48), randomBytes(80)];
  setTicketKeys(context, [first]);
  using bed = serving(context);
  const to = client({ mostVersion: 0x0303 });
  const reused = async () => {
    const { near } = await shaken(bed, to, { ...AS, slot: 0 });
    return bed.loop.tlsFact(near.id, TLS_FACTS.resumed);
  };
  assert.deepEqual([await reused(), await reused()], ['.', 'r']);
  setTicketKeys(context, [second, first]);
  assert.deepEqual([await reused(), await reused()], ['r', 'r'], 'the older key still opens');
  setTicketKeys(context, [randomBytes(48)]);
  assert.equal(await reused(), '.');
});

test('tls: facts about the session and the certificate of the client', async () => {
  using bed = serving(server({ verify: true, clientNames: bytes(ca.cert) }));
  const { far } = await shaken(bed, client({ certificates: [pair(mine)], mostVersion: 0x0303 }));
  const fact = (which: TlsFact) => bed.loop.tlsFact(far.id, which);
  const known = new X509Certificate(mine.cert);
  assert.equal(fact(TLS_FACTS.protocol), 'TLSv1.2');
  assert.match(fact(TLS_FACTS.cipher)!, /^ECDHE-ECDSA-/);
  assert.match(fact(TLS_FACTS.ciphers)!, /^[\w-]+(:[\w-]+)+$/);
  assert.match(fact(TLS_FACTS.curves)!, /X25519/);
  assert.notEqual(fact(TLS_FACTS.curve), '');
  assert.equal(fact(TLS_FACTS.verify), '');
  assert.equal(fact(TLS_FACTS.certificate)!.trim(), mine.cert.trim());
  assert.equal(fact(TLS_FACTS.subject), 'CN=mine,O=L\\C3\\B6we\\, S\\C3\\B6hne');
  assert.equal(fact(TLS_FACTS.issuer), 'CN=Test CA');
  assert.equal(fact(TLS_FACTS.subjectLegacy), '/O=L\\xC3\\xB6we, S\\xC3\\xB6hne/CN=mine');
  assert.equal(fact(TLS_FACTS.issuerLegacy), '/CN=Test CA');
  assert.equal(fact(TLS_FACTS.serial), known.serialNumber);
  assert.equal(fact(TLS_FACTS.fingerprint), known.fingerprint.replaceAll(':', '').toLowerCase());
  assert.equal(fact(TLS_FACTS.starts), known.validFrom);
  assert.equal(fact(TLS_FACTS.ends), known.validTo);
  assert.match(fact(TLS_FACTS.daysLeft)!, /^(29|30)$/);
});

test('tls: facts of a client that shows nothing, and after its end', async () => {
  using bed = serving(server({ verify: true, clientNames: bytes(ca.cert) }));
  const { near, far } = await shaken(bed);
  assert.equal(bed.loop.tlsFact(far.id, TLS_FACTS.certificate), undefined);
  let atTheEnd: string | undefined;
  far.streamClosed = () => {
    atTheEnd = bed.loop.tlsFact(far.id, TLS_FACTS.protocol);
    far.told.push('closed');
  };
  bed.loop.close(near.id, true);
  await until(() => far.told.includes('closed'), 'the end');
  assert.equal(atTheEnd, 'TLSv1.3');
});

test('tls: what no TLS peer sends is an alert and a fault, and no harm', async () => {
  using bed = serving();
  const hello = await firstBytes(bed.port);
  const cases: readonly [string, Buffer][] = [
    ['plain text', bytes('GET / HTTP/1.1\r\n\r\n')],
    ['a record that is too long', Buffer.from([22, 3, 1, 255, 255, 1])],
    ['a hello that is nonsense', Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0])],
    ['a hello, then plain text', Buffer.concat([hello, bytes('GET / HTTP/1.1\r\n\r\n')])],
    ['a hello with a broken byte', flipped(hello, 60)],
  ];
  for (const [what, sent] of cases) {
    const before = bed.accepted.length;
    const socket = connectPlain(bed.port, '127.0.0.1').on('error', () => {});
    socket.resume().end(sent);
    await until(() => bed.accepted[before]?.told.some(said => said.startsWith('closed')) ?? false, what);
    assert.match(
      bed.accepted[before]!.told.join(),
      /SSL_do_handshake\(\) failed|peer closed connection/,
      what,
    );
  }
  assert.ok((await shaken(bed)).far.isSecure, 'and others are served');
});

/** What a client says first. */
async function firstBytes(port: number): Promise<Buffer> {
  void port;
  const loop = new StreamLoop({ begin() {}, end() {} });
  const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 5 });
  const at = localAddress(fd).port;
  const far = new End();
  const listener = loop.listen(fd, {
    accepted(id) {
      far.id = id;
      loop.own(id, far);
    },
    acceptFault() {},
  });
  const near = new End();
  near.onConnected = () => loop.startTls(near.id, client({ groups: 'X25519' }), undefined, AS);
  near.id = loop.connect('127.0.0.1', at, near);
  await until(() => far.received !== '', 'a hello');
  for (const id of [near.id, far.id, listener]) loop.close(id);
  return bytes(far.received);
}

function flipped(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[at] = copy[at]! ^ 0xff;
  return copy;
}

test('tls: a byte that is changed on the way is a fault of the reader', async () => {
  using bed = serving();
  const socket = connectPlain(bed.port, '127.0.0.1').on('error', () => {});
  const far = new End();
  const between = new StreamLoop({ begin() {}, end() {} });
  const fd = listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 5 });
  const at = localAddress(fd).port;
  let spoils = false;
  const listener = between.listen(fd, {
    accepted(id) {
      far.id = id;
      between.own(id, far);
      far.onData = data => void socket.write(spoils ? flipped(data, data.length - 1) : Buffer.from(data));
      socket.on('data', (data: Buffer) => between.writeBytes(id, data));
    },
    acceptFault() {},
  });
  const near = new End();
  near.onConnected = () => between.startTls(near.id, client(), undefined, AS);
  near.id = between.connect('127.0.0.1', at, near);
  await until(() => near.isSecure && (bed.accepted[0]?.isSecure ?? false), 'a handshake');
  spoils = true;
  between.writeText(near.id, 'hello');
  await until(() => bed.accepted[0]!.told.length === 3, 'the fault');
  assert.match(bed.accepted[0]!.told[1]!, /SSL_read\(\) failed \(SSL: error:.*bad record mac/);
  assert.equal(bed.accepted[0]!.received, '');
  for (const id of [near.id, far.id, listener]) between.close(id);
  socket.destroy();
});

test('tls: ends in the midst of a handshake, from either side', async () => {
  using bed = serving();
  for (let round = 0; round < 30; round++) {
    const end = bed.connect();
    await sleep(round % 3);
    bed.loop.close(end.id, round % 2 === 0);
  }
  await until(() => bed.accepted.every(({ told }) => told.length > 0), 'all ends');
  for (let round = 0; round < 10; round++) {
    const before = bed.accepted.length;
    const end = bed.connect();
    await until(() => bed.accepted.length > before, 'a connection');
    bed.loop.close(bed.accepted[before]!.id, round % 2 === 0);
    await until(() => end.told.length > 0, 'the end');
  }
});

test('tls: a bundle, a locked key, a chain and a compressed certificate', async () => {
  const between = new Authority('Between', ca);
  const deep = between.issue('own.test');
  const trusting = client({ verify: true, trusted: bytes(ca.cert) });
  const contexts = [
    server({ certificates: [{ bundle: bytes(ca.bundle(own, 'secret')), passphrase: 'secret' }] }),
    server({ certificates: [pair({ cert: deep.cert + between.cert, key: deep.key })] }),
    server({ compressCertificates: true }),
  ];
  for (const context of contexts) {
    using bed = serving(context);
    assert.equal((await shaken(bed, trusting)).near.told[0], 'secure ');
  }
  between[Symbol.dispose]();
});

test('tlsContext: what OpenSSL refuses is told with its reason', () => {
  const other = ca.issue('other.test');
  const cases: readonly [Partial<ServerTlsOptions>, RegExp][] = [
    [{ ciphers: 'NONSENSE' }, /SSL_CTX_set_cipher_list\(\) failed \(SSL: error:.*no cipher match/],
    [{ groups: 'nonsense' }, /SSL_CTX_set1_groups_list\(\) failed/],
    [{ signatureAlgorithms: 'nonsense' }, /SSL_CTX_set1_sigalgs_list\(\) failed/],
    [
      { certificates: [pair({ cert: own.cert, key: other.key })] },
      /SSL_CTX_use_PrivateKey\(\) failed.*mismatch/,
    ],
    [{ certificates: [pair({ cert: 'nothing', key: own.key })] }, /PEM_read_bio_X509_AUX\(\) failed/],
    [{ certificates: [pair({ cert: own.cert, key: 'nothing' })] }, /PEM_read_bio_PrivateKey\(\) failed/],
    [
      { certificates: [{ bundle: bytes(ca.bundle(own, 'secret')), passphrase: 'wrong' }] },
      /PKCS12_parse\(\) failed/,
    ],
    [{ dh: bytes('nothing') }, /SSL_CTX_set0_tmp_dh_pkey\(\) failed/],
    [{ trusted: bytes(own.cert.replace('MII', 'MIX')) }, /PEM_read_bio_X509_AUX\(\) failed/],
    [{ recordBytes: 5 }, /recordBytes must be a whole number/],
  ];
  for (const [options, message] of cases) assert.throws(() => server(options), message);
});

test('setStaple: takes only ranks that there are', () => {
  const context = server();
  setStaple(context, 0, bytes('an answer'));
  setStaple(context, 0, bytes(''));
  assert.throws(() => setStaple(context, 1, bytes('x')), /index must be a whole number/);
});

test('tls: an end of the thread closes what stands', async () => {
  const code = `
    const { StreamLoop } = await import(${JSON.stringify(new URL('../../native/stream.ts', import.meta.url).href)});
    const { clientTls } = await import(${JSON.stringify(new URL('../../native/tls.ts', import.meta.url).href)});
    const { parentPort, workerData } = await import('node:worker_threads');
    const loop = new StreamLoop({ begin() {}, end() {} });
    const to = clientTls(${JSON.stringify({ ...COMMON, certificates: [], sessionSlots: 0 })});
    const as = ${JSON.stringify(AS)};
    const end = {
      streamData() {}, streamEnded() {}, streamClosed() {}, streamFault() {}, streamDrained() {}, streamFlushed() {},
      streamConnected() { loop.startTls(end.id, to, undefined, as); },
      streamSecure() { parentPort.postMessage('secure'); },
    };
    end.id = loop.connect('127.0.0.1', workerData, end);`;
  using bed = serving();
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: bed.port,
  });
  await new Promise((done, fail) => void worker.once('message', done).once('error', fail));
  await worker.terminate();
  await until(() => bed.accepted[0]!.told.some(what => /^(ended|closed)/.test(what)), 'the end');
});
