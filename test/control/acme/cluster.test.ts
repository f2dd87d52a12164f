/** Two moats that share what they know: one orders for both, either answers the authority, and who comes back has what the other got. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import type { ShownIssued } from '../../../control/acme/issued.ts';
import { ask } from '../../../control/status/client.ts';
import { freePorts, type Running, until } from '../../e2e/rig.ts';
import { newNodes, startNode, WAYS } from '../../l7/store/two-moats.ts';
import { type Pebble, skip, startPebble } from './pebble.ts';

const PATIENCE_MS = 90_000;
const state = mkdtempSync(join(tmpdir(), 'moat-acme-pair-'));
after(() => rmSync(state, { recursive: true, force: true }));

/** Of a node by its address: the authority comes to both, at one port. */
const site = (pebble: Pebble, address: string, http: number, tls: number, folder: string) => `
  acme_issuer ca { uri ${pebble.uri}; ssl_trusted_certificate ca.pem; accept_terms_of_service; state_path ${folder}; }
  server { listen ${address}:${http}; return 301 https://$host$request_uri; }
  server { listen ${address}:${tls} ssl; server_name a.example.org b.example.org; acme_certificate ca; location / { return 200 ok; } }`;

/** What is told is the same to each. */
const oneWorker = (conf: string) => conf.replace('worker_processes 2', 'worker_processes 1');

async function stateOf(moat: Running): Promise<ShownIssued | undefined> {
  const all = await ask(join(moat.dir, 'rig.sock'), 'acme').catch(() => undefined);
  return all?.[0];
}

const serialOf = (host: string, port: number): Promise<string> =>
  new Promise((done, fail) => {
    const socket = connect({ port, host, servername: 'a.example.org', rejectUnauthorized: false }, () => {
      done(socket.getPeerX509Certificate()!.serialNumber);
      socket.destroy();
    }).once('error', fail);
  });

const keptIn = (folder: string): string => {
  const [name] = existsSync(folder) ? readdirSync(folder).filter(one => one.endsWith('.pem')) : [];
  if (name === undefined) return '';
  return new X509Certificate(readFileSync(join(folder, name))).serialNumber;
};

const orders = (pebble: Pebble) => pebble.output().split('Added order').length - 1;

/** What is told is the same by each way, and each costs seconds. */
const asked = process.env['MOAT_ACME_WAYS']?.split(',') ?? ['peers'];

for (const [way, { skip: missing, open }] of Object.entries(WAYS).filter(([name]) => asked.includes(name))) {
  test(`acme over ${way}: one node orders, both answer and show, one that was away is told`, {
    skip: skip || missing,
  }, async () => {
    await using stage = await open();
    const [nodeA, nodeB] = await newNodes();
    const [http = 0, tls = 0] = await freePorts(2);
    await using pebble = await startPebble({ httpPort: http });
    await pebble.tellDns('/add-a', { host: 'b.example.org', addresses: ['127.0.0.2'] });
    const folders = [join(state, `${way}-a`), join(state, `${way}-b`)] as const;
    const files = { 'ca.pem': pebble.ca };
    const confs = [
      stage.conf(nodeA, nodeB, site(pebble, '127.0.0.1', http, tls, folders[0])),
      stage.conf(nodeB, nodeA, site(pebble, '127.0.0.2', http, tls, folders[1])),
    ] as const;
    const [a, first] = await Promise.all(confs.map(conf => startNode(oneWorker(conf), files)));
    await using _ = a!;
    try {
      const both = [a!, first!];
      await until(
        async () => (await Promise.all(both.map(stateOf))).every(found => found?.state === 'valid'),
        'both to have a certificate',
        PATIENCE_MS,
      ).catch(fault => {
        throw new Error(`${fault.message}\n${both.map(moat => moat.read()).join('\n---\n')}`);
      });
      assert.equal(orders(pebble), 1, 'one order for both');
      const serial = await serialOf('127.0.0.1', tls);
      assert.equal(await serialOf('127.0.0.2', tls), serial);
      await until(() => folders.map(keptIn).every(kept => kept === serial), 'both to keep it');
      const accounts = folders.map(
        folder => JSON.parse(readFileSync(join(folder, 'account.json'), 'utf8')).url,
      );
      assert.equal(accounts[0], accounts[1], 'and one account');
    } finally {
      await first!.stop();
    }
    await pebble.tellDns('/clear-a', { host: 'b.example.org' });
    const answer = await ask(join(a!.dir, 'rig.sock'), 'acme-renew', JSON.stringify({ force: true }));
    assert.ok('done' in answer && answer.done[0]?.fault === undefined, JSON.stringify(answer));
    const serial = await serialOf('127.0.0.1', tls);
    assert.notEqual(keptIn(folders[1]), serial);
    await using b = await startNode(oneWorker(confs[1]), files);
    await until(
      async () => (await serialOf('127.0.0.2', tls)) === serial,
      'the node to be told',
      PATIENCE_MS,
    );
    await until(() => keptIn(folders[1]) === serial, 'it to be kept');
    assert.equal(orders(pebble), 2);
    assert.equal((await stateOf(b))?.state, 'valid');
  });
}
