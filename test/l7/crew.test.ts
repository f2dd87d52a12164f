/** Worker threads: started anew when they die, on the tables and sockets in force. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkConfig } from '#config';
import { Log } from '#kit/log.ts';
import { closeFd, listenTcp, localAddress } from '#native/socket.ts';
import { AloneState } from '../../l7/alone.ts';
import { Crew } from '../../l7/crew.ts';
import { packConfig } from '../../l7/parcel.ts';
import type { PlaneConfig, Slot } from '../../l7/plane.ts';
import { newTicketSeed } from '../../l7/tls/ticket-keys.ts';
import { until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';

const KEY = '127.0.0.1:80';
const OTHER_KEY = '127.0.0.1:81';
const openPort = () => listenTcp({ host: '127.0.0.1', port: 0, family: 4, backlog: 64 });
const fd = openPort();
const { port } = localAddress(fd);
after(() => closeFd(fd));

function configOf(answer: string, workers: number, keys: readonly string[] = [KEY]): PlaneConfig {
  const listens = keys.map(key => `listen ${key};`).join(' ');
  const text = `events { }\nworker_processes ${workers};\nhttp { access_log off; server { ${listens} location / { return 200 "${answer}"; } } }`;
  const source = { read: () => text, glob: () => [] };
  const { model } = checkConfig('a', { source, prefix: '/p/', confDir: '/c/' });
  return { process: model!.process, errorLogs: [], http: model!.http!, env: {}, sessionStore: undefined };
}

/** A crew whose log and buried threads can be looked at. */
function startCrew(sockets: Record<string, number> = { [KEY]: fd }) {
  const said: string[] = [];
  const buried: number[] = [];
  let gaveUp = false;
  const sink = { write: (line: string) => void said.push(line) };
  const log = new Log([{ level: 'debug', sink }], 'test', { now: () => 'now' });
  const crew = new Crew({
    log: () => log,
    socket: ({ key }) => sockets[key]!,
    files: () => [],
    places: () => 8,
    threadDied: async (_, place) => void buried.push(place),
    giveUp: () => (gaveUp = true),
    entry: new URL('./mortal-thread.ts', import.meta.url),
  });
  return { crew, said, buried, gaveUp: () => gaveUp };
}

function generation(revision: number, config: PlaneConfig) {
  const packed = packConfig(config);
  const bytes = new SharedArrayBuffer(packed.length);
  new Uint8Array(bytes).set(packed);
  const { zones, pools } = new AloneState(1, 9).of(config.http);
  const slots: Slot[] = Object.keys(config.http.listens).map(key => ({ key, slot: 0, shared: true }));
  return {
    ...{ revision, config, bytes, slots, zones, pools: () => pools },
    ...{ tickets: () => newTicketSeed(), acme: () => ({}) },
  };
}

async function serve(crew: Crew, revision: number, config: PlaneConfig): Promise<void> {
  const next = generation(revision, config);
  await crew.prepare(next);
  await crew.commit(next);
}

const ask = async () => (await request(port)).body;

test('crew: a worker that dies is told of, started anew, and has lost no connection that waited', async () => {
  const { crew, said, buried } = startCrew();
  await serve(crew, 1, configOf('one', 1));
  assert.equal(await ask(), 'one');
  await serve(crew, 2, configOf('two', 1));
  for (let death = 1; death <= 2; death++) {
    process.env['MORTAL_WORKER'] = '0';
    await until(() => buried.length === death);
    assert.equal(await ask(), 'two');
    const [status] = await crew.status();
    assert.deepEqual([status?.restarts, status?.revision], [death, 2]);
  }
  assert.match(said.join('\n'), /\[alert\] test: worker 0 died: Error: died as told at /);
  await crew.close();
});

test('crew: a worker that dies while it commits is followed by one that has, and leaves no socket open', async () => {
  const other = openPort();
  const otherPort = localAddress(other).port;
  const { crew, buried } = startCrew({ [KEY]: fd, [OTHER_KEY]: other });
  await serve(crew, 1, configOf('one', 1));
  process.env['MORTAL_AT_COMMIT'] = '0';
  await serve(crew, 2, configOf('two', 1, [KEY, OTHER_KEY]));
  await until(() => buried.length === 1);
  assert.equal((await request(otherPort)).body, 'two');
  await serve(crew, 3, configOf('three', 1));
  closeFd(other);
  await assert.rejects(request(otherPort), /ECONNREFUSED/);
  assert.equal(await ask(), 'three');
  await crew.close();
});

test('crew: a worker that dies again and again ends the process', async () => {
  const { crew, buried, gaveUp } = startCrew();
  await serve(crew, 1, configOf('x', 1));
  for (let death = 1; !gaveUp(); death++) {
    assert.ok(death < 10);
    process.env['MORTAL_WORKER'] = '0';
    await until(() => buried.length === death);
    if (!gaveUp()) await until(async () => (await crew.status()).length === 1 || gaveUp());
  }
  await crew.close();
});

test('crew: a thread that leaves gives its place to the next one', async () => {
  const { crew, buried } = startCrew();
  await serve(crew, 1, configOf('three', 3));
  await serve(crew, 2, configOf('one', 1));
  await until(() => buried.length === 2);
  await serve(crew, 3, configOf('two', 2));
  const workers = await crew.status();
  assert.deepEqual(workers.map(({ workerId }) => workerId).sort(), [0, 1]);
  assert.equal(await ask(), 'two');
  await assert.rejects(crew.prepare(generation(4, configOf('many', 9))), /room for 8/);
  await crew.close();
});
