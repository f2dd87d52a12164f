/** The stream of events to who reads slowly, or not at all: over real sockets, which fill. */
import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { pictures } from '../../../control/api/client/pictures.ts';
import { Feed } from '../../../control/api/feed/feed.ts';
import type { StatusReport } from '../../../control/status/report.ts';
import { until } from '../../e2e/rig.ts';

/** Each look is another one of 256 KiB. */
async function startFeed(now: () => number) {
  let revision = 0;
  const read = async () => {
    revision++;
    return { revision, refusal: `${revision}`.repeat((256 << 10) / `${revision}`.length) } as StatusReport;
  };
  const feed = new Feed({ read: read as never }, { isGood: () => true }, { everyMs: 5, now });
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => {
    responses.push(response);
    feed.join(response, {} as never);
  }).listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const watch = () =>
    new Promise<IncomingMessage>((done, fail) =>
      get({ host: '127.0.0.1', port, agent: false }, done).on('error', fail),
    );
  const end = async () => {
    feed.close();
    server.closeAllConnections();
    await new Promise(done => server.close(done));
  };
  return { watch, responses, revision: () => revision, [Symbol.asyncDispose]: end };
}

test('events: who does not read is told little, waits for nobody, and gets a new snapshot when he reads again', async () => {
  await using feed = await startFeed(() => performance.now());
  const slow = await feed.watch();
  slow.pause();
  const quick = await feed.watch();
  let seen = 0;
  const reading = (async () => {
    for await (const picture of pictures(ReadableStream.from(quick)))
      seen = (picture as { revision: number }).revision;
  })().catch(() => {}); // it is broken off below
  await until(() => feed.responses[0]!.writableLength > 64 << 10, 'the sockets of the slow one to be full');
  const full = feed.responses[0]!.writableLength;
  const at = feed.revision();
  await until(() => seen > at + 50, 'the quick one to go on');
  assert.ok(feed.responses[0]!.writableLength <= full, 'more is kept for who does not read');
  assert.ok(full < 1 << 20, `${full} bytes`);
  const caughtUp = (async () => {
    for await (const picture of pictures(ReadableStream.from(slow))) {
      const { revision, refusal } = picture as { revision: number; refusal: string };
      assert.ok(refusal.startsWith(`${revision}`), 'a delta onto what it does not belong to');
      if (revision > at + 50) return revision;
    }
    return 0;
  })();
  assert.ok((await caughtUp) > at + 50);
  quick.destroy();
  await reading;
});

test('events: who reads nothing for a minute is dropped', async () => {
  let nowMs = 0;
  await using feed = await startFeed(() => nowMs);
  const slow = await feed.watch();
  slow.on('error', () => {}).pause();
  await until(() => feed.responses[0]!.writableLength > 64 << 10, 'its sockets to be full');
  const at = feed.revision();
  await until(() => feed.revision() > at + 5);
  assert.ok(!feed.responses[0]!.destroyed);
  nowMs = 60_001;
  await until(() => feed.responses[0]!.destroyed, 'it to be dropped');
});
