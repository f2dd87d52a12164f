/** GSLB as clients see it: dig, kdig and unbound ask a running moat, whose sites come and go. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isProgram } from '../../control/box/net/command.ts';
import { childrenOf, statusOf } from '../control/life.ts';
import { PROGRAMS, startMoat, until } from '../e2e/rig.ts';
import { mmdb } from '../kit/mmdb-writer.ts';
import { query, TYPES } from './message.ts';
import { dig, digAt, kdig, OTHER, SERVER, SITES, SiteServer, short, Unbound } from './site.ts';

const missing = ['dig', 'kdig', 'unbound'].filter(name => !isProgram(name));
const skip = missing.length > 0 ? `${missing} is not here` : process.getuid?.() !== 0 && 'port 53 wants root';

const ZONE = 'g.example.org';
const conf = (records = '', listen = SERVER) => `pid rig.pid; error_log error.log notice; events { }
  gslb { listen ${listen}; geo_database places.mmdb;
    zone ${ZONE} { soa ns1.${ZONE} hostmaster.example.org; ns ns1.${ZONE} ${SERVER};
      record www.${ZONE} { ttl 1s; answers 2; site one ${SITES[0]}; site two ${SITES[1]};
        health_check http uri=/load dynamic_weight interval=100ms timeout=10s fall=1 rise=1; }
      record geo.${ZONE} { policy geo; site eu 192.0.2.1 country=DE; site as 192.0.2.2 continent=AS; }
      ${records} } }`;
const PLACES = mmdb({
  '203.0.113.0/24': { country: { iso_code: 'DE' }, continent: { code: 'EU' } },
  '198.51.100.0/24': { country: { iso_code: 'JP' }, continent: { code: 'AS' } },
});

test('gslb: dig, kdig and unbound are answered by sites that are well', { skip }, async t => {
  using one = new SiteServer(SITES[0]);
  using two = new SiteServer(SITES[1]);
  await using moat = await startMoat(conf(), { files: { 'places.mmdb': PLACES.latin1Slice() } });
  const process_ = () => childrenOf(moat.pid).find(pid => /gslb\/process/.test(commandOf(pid)));
  await until(() => /status: NOERROR/.test(dig('+tries=1', '+time=1', `www.${ZONE}`)), 'an answer');

  await t.test('codes and flags as dig reads them', () => {
    assert.deepEqual(short(`www.${ZONE}`), [...SITES]);
    assert.match(dig(`www.${ZONE}`), /flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1/);
    assert.match(dig('AAAA', `www.${ZONE}`), /status: NOERROR.*ANSWER: 0, AUTHORITY: 1.*SOA\tns1/s);
    assert.match(dig(`nobody.${ZONE}`), /status: NXDOMAIN.*SOA\tns1\.g\.example\.org\. hostmaster/s);
    assert.match(dig('example.com'), /status: REFUSED/);
    assert.match(dig('-c', 'CH', 'TXT', 'version.bind'), /status: REFUSED/);
    assert.match(dig('AXFR', ZONE), /Transfer failed/);
    assert.match(dig('ANY', `www.${ZONE}`), /HINFO\t"RFC8482" ""/);
    assert.match(dig('+edns=1', '+noednsnegotiation', `www.${ZONE}`), /status: BADVERS/);
    assert.match(dig('+opcode=notify', `www.${ZONE}`), /status: NOTIMP/);
    assert.match(dig('NS', ZONE), new RegExp(`ns1\\.g\\.example\\.org\\.\\t3600\\tIN\\tA\\t${SERVER}`));
  });

  await t.test(
    'by TCP, several queries on one connection, and with padding and cookies that are passed over',
    () => {
      assert.match(dig('+tcp', `www.${ZONE}`), /status: NOERROR.*\(TCP\)/s);
      const both = kdig(
        '+tcp',
        '+keepopen',
        '+padding=64',
        '+cookie',
        `www.${ZONE}`,
        'A',
        `nobody.${ZONE}`,
        'A',
      );
      assert.match(both, /status: NOERROR.*status: NXDOMAIN/s);
      assert.doesNotMatch(both, /WARNING|malformed/i);
    },
  );

  await t.test('the place of the client, as a resolver tells it', () => {
    const from = (subnet: string, name = 'geo') => dig(`+subnet=${subnet}`, `${name}.${ZONE}`);
    assert.match(from('203.0.113.0/24'), /CLIENT-SUBNET: 203\.0\.113\.0\/24\/24.*\tA\t192\.0\.2\.1\n/s);
    assert.match(from('198.51.100.7/32'), /CLIENT-SUBNET: 198\.51\.100\.7\/32\/24.*\tA\t192\.0\.2\.2\n/s);
    assert.match(
      from('203.0.113.0/24', 'www'),
      /CLIENT-SUBNET: 203\.0\.113\.0\/24\/0/,
      'all are told the same',
    );
    assert.match(
      kdig('+subnet=198.51.100.0/24', `geo.${ZONE}`),
      /CLIENT-SUBNET: 198\.51\.100\.0\/24\/24.*192\.0\.2\.2/s,
    );
  });

  await t.test('a resolver that draws the case of letters by lot', async () => {
    using unbound = new Unbound(moat.dir, ZONE);
    await unbound.ready();
    assert.match(unbound.ask(`www.${ZONE}`), /status: NOERROR.*ANSWER: 2/s);
    assert.match(unbound.ask(`nobody.${ZONE}`), /status: NXDOMAIN/);
    assert.match(unbound.ask('AAAA', `www.${ZONE}`), /status: NOERROR.*ANSWER: 0/s);
  });

  await t.test('a site that fails, one that says it is loaded, and both: all are told then', async () => {
    one.status = 500;
    await until(() => short(`www.${ZONE}`).join() === SITES[1], 'the second alone');
    assert.match(moat.read(), new RegExp(`health check: site one/${SITES[0]} of record www.${ZONE} is dead`));
    one.status = 200;
    two.body = 'drain';
    await until(() => short(`www.${ZONE}`).join() === SITES[0], 'the first alone');
    one.status = 500;
    await until(() => short(`www.${ZONE}`).length === 2, 'both, for none lives');
    one.status = 200;
    await until(() => short(`www.${ZONE}`).join() === SITES[0], 'the first alone, again');
  });

  await t.test('what moat tells of it: the command, and metrics', () => {
    const moatSays = (...words: string[]) =>
      spawnSync(PROGRAMS.moat, [...words, '-c', 'nginx.conf', '-p', `${moat.dir}/`], { encoding: 'utf8' })
        .stdout;
    const page = moatSays('metrics');
    assert.match(
      page,
      new RegExp(`moat_gslb_site_up\\{record="www.${ZONE}",site="one",address="${SITES[0]}"\\} 1`),
    );
    assert.match(
      page,
      new RegExp(`moat_gslb_site_weight\\{record="www.${ZONE}",site="two",address="${SITES[1]}"\\} 0`),
    );
    assert.match(page, /moat_gslb_replies_total\{rcode="NXDOMAIN"\} [1-9]/);
    const text = moatSays('gslb', 'status');
    assert.match(text, new RegExp(`^www\\.g\\.example\\.org +weighted +one +${SITES[0]} +alive +1$`, 'm'));
    assert.match(text, new RegExp(`^ +two +${SITES[1]} +alive, not told +0$`, 'm'));
    assert.match(text, /^queries {3}udp \d+, tcp [1-9]/m);
  });

  await t.test('a reload keeps what is known of sites; one that cannot be is refused', async () => {
    const before = process_();
    moat.reload(conf(`record new.${ZONE} { site a 192.0.2.7; }`));
    await until(() => short(`new.${ZONE}`).join() === '192.0.2.7', 'the new record');
    assert.deepEqual(short(`www.${ZONE}`), [SITES[0]]);
    assert.equal(process_(), before);
    const taken = createSocket('udp4').bind(53, OTHER);
    await once(taken, 'listening');
    moat.reload(conf('', `${SERVER}; listen ${OTHER}`));
    await until(() => /gslb: Cannot bind .*:53: EADDRINUSE.*stays/.test(moat.read()), 'the refusal');
    assert.deepEqual(short(`new.${ZONE}`), ['192.0.2.7']);
    taken.close();
    moat.reload(conf('', `${SERVER}; listen ${OTHER}`));
    await until(
      () => /status: NOERROR/.test(digAt(OTHER, '+tries=1', '+time=1', `www.${ZONE}`)),
      'an answer there',
    );
    await until(() => process_() !== before, 'the end of the life before');
    assert.deepEqual(short(`www.${ZONE}`), [SITES[0]], 'which asked the sites first');
  });

  await t.test('what answers strangers is not root, and is started anew when it dies', async () => {
    const pid = process_()!;
    assert.match(statusOf(pid, 'Uid'), /^65534\t65534/);
    assert.equal(Number.parseInt(statusOf(pid, 'CapEff'), 16), 0);
    process.kill(pid, 'SIGKILL');
    await until(() => /the GSLB process is started anew/.test(moat.read()), 'its next life');
    assert.deepEqual(short(`www.${ZONE}`), [SITES[0]]);
  });

  await t.test(
    'TCP connections: garbage ends one, silence keeps nobody out, and there are not more than so many',
    async () => {
      const garbage = connect(53, SERVER);
      garbage.write(Buffer.from([0, 3, 1, 2, 3]));
      await once(garbage.resume(), 'close');
      const quiet = Array.from({ length: 40 }, () => connect(53, SERVER));
      for (const socket of quiet) socket.on('error', () => {}).resume();
      let open = quiet.length;
      for (const socket of quiet) socket.once('close', () => open--);
      await until(() => open === 32, 'as many as one source may have');
      const piecewise = quiet.find(socket => !socket.destroyed)!;
      const bytes = query({ name: `www.${ZONE}`, type: TYPES.A });
      for (const byte of [0, bytes.length, ...bytes]) piecewise.write(Buffer.from([byte]));
      const [reply] = await once(piecewise, 'data');
      assert.equal(reply.readUInt16BE(2), 0x4d4f);
      for (const socket of quiet) socket.destroy();
    },
  );

  await t.test('without the block nobody is answered', async () => {
    moat.reload('pid rig.pid; error_log error.log notice; events { }');
    const ask = () => dig('+tcp', '+tries=1', `www.${ZONE}`);
    await until(() => /connection refused/i.test(ask()), 'a socket that is closed');
    assert.equal(process_(), undefined);
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
}
