/** What nodes tell each other about certificates, without a network between: claims, answers, and notes of who means no good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerBoard } from '../../../control/acme/board.ts';
import { IssuerDesk } from '../../../control/acme/desk.ts';
import { Issued } from '../../../control/acme/issued.ts';
import { accountIn, pairIn } from '../../../control/acme/notes.ts';
import { Sharing } from '../../../control/acme/sharing.ts';
import { selfSigned } from '../../../control/x509/self-signed.ts';
import type { AcmeNote } from '../../../l7/acme/note.ts';
import { AcmeShare } from '../../../l7/store/acme-share.ts';
import { BodyReader, FrameFault, FrameWriter } from '../../../l7/store/frame.ts';
import { CERTIFICATE, ISSUER } from './issuer.ts';

/** So many nodes that hear each other. */
function nodes(count: number) {
  const all: Sharing[] = [];
  const said: AcmeNote[] = [];
  const changed: number[] = [];
  for (let at = 0; at < count; at++)
    all.push(
      new Sharing({
        say: notes => {
          said.push(...notes);
          for (const other of all) if (other !== all[at]) queueMicrotask(() => void other.take(notes));
        },
        listeners: async () => count - 1,
        answersChanged: async () => void changed.push(at),
      }),
    );
  return { all, said, changed };
}

test('sharing: of nodes that claim at once one orders, and the others wait until it is done', async () => {
  const { all } = nodes(3);
  const claims = await Promise.all(all.map(node => node.claim('ca/x')));
  assert.equal(claims.filter(Boolean).length, 1);
  const winner = all[claims.indexOf(true)]!;
  const other = all[claims.indexOf(false)]!;
  assert.equal(await other.claim('ca/x'), false);
  assert.equal(await other.claim('ca/y'), true, 'another certificate is free');
  winner.release('ca/x', Date.now() + 60_000);
  await new Promise(setImmediate);
  assert.equal(await other.claim('ca/x'), false, 'who has failed tries again first');
  winner.release('ca/x');
  await new Promise(setImmediate);
  assert.equal(await other.claim('ca/x'), true);
});

test('sharing: answers are known to all before the authority is asked to come, and gone afterwards', async () => {
  const { all, changed } = nodes(3);
  const [a, b, c] = all as [Sharing, Sharing, Sharing];
  const answer = { kind: 'http-01', token: 't', text: 'x' } as const;
  await a.tellAnswers([answer]);
  assert.deepEqual([b.answers(), c.answers(), a.answers()], [[answer], [answer], []]);
  assert.deepEqual(changed.sort(), [1, 2]);
  assert.deepEqual(b.answers(Date.now() + 3_600_000), [], 'those of a node that is gone end');
  await a.tellAnswers([]);
  await new Promise(setImmediate);
  assert.deepEqual(b.answers(), []);
});

test('sharing: notes that are none change nothing', async () => {
  const { all, said } = nodes(1);
  const from = 'f'.repeat(16);
  const texts = ['', 'null', '[]', '{"from":"x","number":1}', `{"from":"${from}","number":"1"}`];
  const bodies = [
    null,
    { answers: {} },
    { answers: [{ kind: 'http-01' }, 7], untilMs: Date.now() + 1000 },
    { untilMs: 'x' },
  ];
  for (const body of bodies) texts.push(JSON.stringify({ from, number: 1, body }));
  for (const kind of ['answers', 'claim', 'heard'] as const)
    for (const text of texts) await all[0]!.take([{ kind, id: 'ca/x', text }]);
  assert.deepEqual(all[0]!.answers(), []);
  assert.equal(await all[0]!.claim('ca/y'), true);
  assert.ok(said.every(({ text }) => !text.includes('PRIVATE')));
  assert.equal(pairIn('{"chain":1}'), undefined);
  assert.equal(accountIn('{"key":"x","account":{"uri":"u","url":"v","contacts":[1]}}'), undefined);
});

const note = (id: string, text: string): AcmeNote => ({ kind: 'pair', id, text });

test('acme share: what is said goes out once, all of it to who comes later, in pieces that fit', () => {
  const heard: AcmeNote[][] = [];
  const [share, other] = [new AcmeShare(() => {}), new AcmeShare(notes => heard.push([...notes]))];
  const writer = new FrameWriter();
  const big = 'x'.repeat(60_000);
  const notes = Array.from({ length: 7 }, (_, at) => note(`ca/${at}`, big));
  share.say(notes);
  const pieces: Buffer[] = [];
  while (share.hasMore) {
    share.collect(writer);
    pieces.push(writer.take());
  }
  assert.ok(pieces.length > 1 && pieces.every(({ length }) => length < 250_000));
  for (const piece of pieces) other.apply(new BodyReader(piece));
  assert.deepEqual(heard.flat(), notes);
  assert.equal(share.collect(writer), 0);
  heard.length = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = share.dump(from, writer);
    other.apply(new BodyReader(writer.take()));
  }
  assert.deepEqual(heard.flat(), notes);
  assert.equal(other.size, 0, 'what comes is not passed on');
  share.say([note('ca/0', 'y')]);
  assert.equal(share.collect(writer), 1);
  writer.take();
  assert.throws(() => share.say([note('ca/0', 'x'.repeat(200_000))]), RangeError);
  const bent = writer.text('pear').text('a').u32(1).bytes(Buffer.of(1)).take();
  assert.throws(() => other.apply(new BodyReader(bent)), FrameFault);
  const cut = writer.text('pair').text('a').u32(9).bytes(Buffer.of(1)).take();
  assert.throws(() => other.apply(new BodyReader(cut)), FrameFault);
});

test('acme: a certificate is not renewed right after it came, even when the authority says so; the younger of two nodes counts', () => {
  const stop = new AbortController().signal;
  const desk = new IssuerDesk(ISSUER, {
    board: new AnswerBoard(async () => {}),
    stop,
    warn: () => {},
  });
  const one = new Issued(CERTIFICATE, desk);
  assert.deepEqual([one.shown.state, one.shown.isStandIn, one.dueMs], ['stand-in', true, 0]);
  const made = selfSigned({ commonName: 'x', names: CERTIFICATE.identifiers, days: 6 });
  const pair = { chain: made.certificate, key: made.key, uri: ISSUER.uri, atMs: 1000 };
  assert.ok(one.isOlderThan(pair));
  const nowMs = Date.now();
  one.adopt(pair, nowMs);
  one.looked({ startMs: nowMs - 2000, endMs: nowMs - 1000 }, undefined, nowMs);
  assert.equal(one.dueMs, nowMs + 3_600_000, 'an hour at least');
  assert.equal(one.shown.byAuthority, true);
  assert.ok(
    !one.isOlderThan(pair) &&
      one.isOlderThan({ ...pair, atMs: 1001 }) &&
      !one.isOlderThan({ ...pair, atMs: 999 }),
  );
  assert.ok(!one.isOlderThan({ ...pair, atMs: 1001, uri: 'https://other.test/' }));
  one.failed(new Error('no'), nowMs);
  assert.deepEqual([one.shown.state, one.shown.failures, one.shown.lastError], ['failing', 1, 'no']);
  assert.ok(one.dueMs > nowMs + 40_000 && one.dueMs < nowMs + 80_000);
  assert.throws(
    () =>
      one.adopt(
        { ...pair, key: selfSigned({ commonName: 'y', names: CERTIFICATE.identifiers, days: 1 }).key },
        nowMs,
      ),
    /another key/,
  );
  assert.equal(one.shown.state, 'failing');
  const { failures: count, lastError: message = '', dueMs } = one;
  desk.store.keepFailure(one.file, { count, message, dueMs });
  const next = new Issued(one.certificate, desk);
  next.takeUp(desk.store.failure(one.file)!, nowMs);
  assert.deepEqual(
    [next.shown.state, next.dueMs, next.lastError],
    ['failing', dueMs, 'no'],
    'a restart waits on',
  );
  next.takeUp({ count: 1, message: 'x', dueMs: nowMs + 99 * 86_400_000 }, nowMs);
  assert.equal(next.dueMs, dueMs, 'but not for months');
  desk.store.keepFailure(one.file, undefined);
  assert.equal(desk.store.failure(one.file), undefined);
});
