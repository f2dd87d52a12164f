/** `moat import`: what ipvsadm and keepalived say becomes a configuration that moat takes, and the rest is told. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

/** As in the file that the package brings: the unit's upgrades look for it there. */
const PID = /^pid .*;$/m.exec(
  readFileSync(resolve(import.meta.dirname, '../../deploy/debian/moat.conf'), 'utf8'),
)![0];
const MOAT = resolve(import.meta.dirname, '../../bin/moat');

function imported(kind: string, text: string, ...options: string[]) {
  const { stdout, stderr, status } = spawnSync(MOAT, ['import', kind, ...options], {
    encoding: 'utf8',
    input: text,
  });
  const lines = stdout.split('\n').map(line => line.trim());
  return {
    status,
    /** The directives, without those around them. */
    lines: lines.filter(line => (line.endsWith(';') && line !== PID) || line.startsWith('virtual_server')),
    isOfUnit: lines.includes(PID),
    said: stderr.trim().split('\n'),
  };
}

const keepalived = (inside: string, head = '192.0.2.1 80') =>
  imported('keepalived', `virtual_server ${head} {\n${inside}\n}\n`);

test('moat import ipvsadm: services and servers, with modes, tunnels and thresholds', () => {
  const { lines, isOfUnit, said, status } = imported(
    'ipvsadm',
    `-A -t 192.0.2.1:80 -s wlc -p 300 -M 255.255.255.0
-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 3 -x 100 -y 50
-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 0
-a -t 192.0.2.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-A -u [2001:db8::1]:53 -s mh --sched-flags mh-port,mh-fallback -o
-a -u [2001:db8::1]:53 -r [2001:db8::9]:53 -g -w 1
-A -t 192.0.2.1:0 -s rr -p
-a -t 192.0.2.1:0 -r 10.0.0.1:0 -g -w 1
`,
  );
  assert.deepEqual(lines, [
    'virtual_server 192.0.2.1:80 tcp {',
    'tunnel gue port=6080;',
    'scheduler wlc;',
    'persistence 300s netmask=255.255.255.0;',
    'real_server 10.0.0.1 weight=3 mode=dr upper=100 lower=50;',
    'real_server 10.0.0.2:8080 weight=0 mode=nat;',
    'real_server 10.0.0.3 weight=1 mode=tun;',
    'virtual_server [2001:db8::1]:53 udp {',
    'scheduler mh port;',
    'one_packet on;',
    'real_server [2001:db8::9] weight=1 mode=dr;',
    'virtual_server 192.0.2.1:* tcp {',
    'scheduler rr;',
    'persistence 300s;',
    'real_server 10.0.0.1 weight=1 mode=dr;',
  ]);
  assert.ok(isOfUnit);
  assert.deepEqual(said, ['3 virtual servers, 5 real servers and 0 health checks taken over; 0 remarks']);
  assert.equal(status, 0);
});

test('moat import ipvsadm: what cannot be taken over is told with its line', () => {
  const { said, status } = imported(
    'ipvsadm',
    `-A -f 7 -s rr
-A -t www.example.com:http -s rr
-A -t 192.0.2.1:80 -s fo --pe sip
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.2:80 -i --tun-type gre
-a -t 192.0.2.9:80 -r 10.0.0.1:80 -g
-Z
`,
  );
  assert.deepEqual(
    said.map(line => /^-:(\d+): (not taken over|changed): (.{14})/.exec(line)?.slice(1).join(' ')),
    [
      '1 not taken over the service of',
      '2 not taken over "www.example.c',
      '3 changed scheduler fo b',
      '3 not taken over persistence en',
      '4 changed the port 8080 ',
      '5 changed the GRE tunnel',
      '6 not taken over the real serve',
      '7 not taken over "-Z" adds no s',
      undefined,
    ],
  );
  assert.equal(status, 0);
});

const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p tcp -m multiport --dports 80,443,8000:8010 -j MARK --set-xmark 0x7/0xffffffff
-A PREROUTING -d 192.0.2.1/32 -i eth0 -p udp -m udp --dport 443 -m comment --comment "QUIC -s" -j MARK --set-mark 7
-A PREROUTING -d 2001:db8::1/128 -p tcp -m tcp --dport 80 -j MARK --set-mark 7
-A PREROUTING -d 192.0.2.2/32 -j MARK --set-mark 8
-A PREROUTING -s 10.0.0.0/8 -d 192.0.2.1/32 -j MARK --set-mark 8
-A PREROUTING -d 192.0.2.0/24 -p udp -j MARK --set-mark 8
-A PREROUTING ! -d 192.0.2.9/32 -p udp -j MARK --set-mark 8
-A PREROUTING -p tcp --dport 80 -j MARK --set-mark 8
-A PREROUTING -d 192.0.2.3/32 -p udp -m udp --dport 53 -j MARK --set-mark 9
COMMIT
`;
const GROUP = '192.0.2.1:80 192.0.2.1:443 192.0.2.1:8000-8010 tcp 192.0.2.1:443 udp';

test('moat import: firewall marks become the addresses that the rules name', t => {
  const dir = mkdtempSync(join(tmpdir(), 'moat-marks-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const rules = join(dir, 'rules');
  writeFileSync(rules, RULES);
  const lvs = imported(
    'ipvsadm',
    `-A -f 7 -s rr -p 300
-a -f 7 -r 10.0.0.1:0 -g -w 1
-A -f 7 -6 -s rr
-a -f 7 -6 -r [2001:db8::9]:0 -g -w 1
-A -f 8 -s rr
-a -f 8 -r 10.0.0.1:0 -m -w 1
-A -f 99 -s rr
`,
    '--marks',
    rules,
  );
  assert.deepEqual(
    lvs.lines.filter(line => /^(virtual|real)_server/.test(line)),
    [
      `virtual_server ${GROUP} {`,
      'real_server 10.0.0.1 weight=1 mode=dr;',
      'virtual_server [2001:db8::1]:80 tcp {',
      'real_server [2001:db8::9] weight=1 mode=dr;',
      'virtual_server 192.0.2.2:* tcp 192.0.2.2:* udp {',
      'real_server 10.0.0.1 weight=1 mode=nat;',
    ],
  );
  assert.deepEqual(
    lvs.said.slice(0, -1).map(line => line.replace(rules, 'rules').slice(0, 70)),
    [
      'rules:7: not taken over: a rule that sets mark 8: moat has nothing lik',
      '-:7: not taken over: the service of firewall mark 99: name what iptabl',
      'rules:8: not taken over: a rule that sets mark 8: write 192.0.2.0/24 a',
      'rules:9: not taken over: a rule that sets mark 8: moat has nothing lik',
      'rules:10: not taken over: a rule that sets mark 8: it names no address',
    ],
  );
  assert.equal(lvs.status, 0);

  const server = (head: string, mode: string) =>
    `virtual_server ${head} {\nlvs_method ${mode}\nops\nreal_server 10.0.0.1 0 {\n}\n}\n`;
  const made = imported(
    'keepalived',
    `${server('fwmark 7', 'DR')}${server('fwmark 9', 'NAT')}${server('group g', 'NAT')}
virtual_server_group g {\n192.0.2.5 80\nfwmark 8\n}\n${server('fwmark 42', 'DR')}`,
    '--marks',
    rules,
  );
  assert.deepEqual(
    made.lines.filter(line => /^(virtual_server|one_packet)/.test(line)),
    [
      `virtual_server ${GROUP} {`,
      'virtual_server 192.0.2.3:53 udp {',
      'one_packet on;',
      'virtual_server 192.0.2.5:80 tcp 192.0.2.2:* tcp 192.0.2.2:* udp {',
    ],
  );
  assert.ok(
    made.said.some(line => line.includes('firewall mark 42: name what iptables-save says by --marks')),
  );
  assert.equal(made.status, 0);
});

/** Lines in a virtual_server block of keepalived → lines of moat. */
const CASES: Record<string, readonly [inside: string, lines: readonly string[]]> = {
  'defaults: NAT is written, the port stays': [
    'lvs_method NAT\nreal_server 10.0.0.1 8080 {\n}',
    ['mode nat;', 'scheduler wlc;', 'real_server 10.0.0.1:8080;'],
  ],
  'direct routing: the port goes': [
    'lb_kind DR\nlb_algo sh\nsh-port\nreal_server 10.0.0.1 80 {\nweight 5\n}',
    ['mode dr;', 'scheduler sh port;', 'real_server 10.0.0.1 weight=5;'],
  ],
  'thresholds, a mode of its own, a sorry server': [
    'lvs_method DR\nlvs_sched rr\nsorry_server 10.0.0.9 80\nreal_server 10.0.0.1 80 {\nlvs_method NAT\nuthreshold 9\nlthreshold 5\n}',
    [
      'mode dr;',
      'scheduler rr;',
      'sorry_server 10.0.0.9;',
      'real_server 10.0.0.1:80 mode=nat upper=9 lower=5;',
    ],
  ],
  'persistence without a time, quorum, hooks': [
    'lvs_method NAT\npersistence_timeout\npersistence_granularity 255.255.255.0\nquorum 3\nhysteresis 1\nquorum_up "/bin/up now"\nquorum_down /bin/down\nreal_server 10.0.0.1 80 {\nweight 4\nnotify_down "/bin/page web"\n}',
    [
      'mode nat;',
      'scheduler wlc;',
      'persistence 360s netmask=255.255.255.0;',
      'quorum 3 hysteresis=1;',
      'notify quorum_up /bin/up now;',
      'notify quorum_down /bin/down;',
      'notify real_down /bin/page web;',
      'real_server 10.0.0.1:80 weight=4;',
    ],
  ],
  'checks that all have are one line, others name theirs': [
    `lvs_method NAT\ndelay_loop 6\nalpha
     real_server 10.0.0.1 80 {\nTCP_CHECK {\nconnect_timeout 3\n}\nMISC_CHECK {\nmisc_path "/bin/check -v 1"\nmisc_dynamic\nmisc_timeout 4\nuser web\n}\n}
     real_server 10.0.0.2 80\n{\nTCP_CHECK {\nconnect_timeout 3\n}\n}`,
    [
      'mode nat;',
      'scheduler wlc;',
      'real_server 10.0.0.1:80;',
      'real_server 10.0.0.2:80;',
      'health_check tcp interval=6s timeout=3s fall=2 rise=1 mandatory;',
      'health_check script "command=/bin/check -v 1" user=web dynamic_weight interval=6s timeout=4s fall=2 rise=1 only=10.0.0.1:80 mandatory;',
    ],
  ],
  'urls are a check each; the name of the host comes from around': [
    `lvs_method NAT\nvirtualhost www.example.com
     real_server 10.0.0.1 443 {\nSSL_GET {\nhttp_protocol 1.1\nretry 3\nconnect_port 444\nurl {\npath /a\nstatus_code 200-299 301\n}\nurl {\npath /b\nvirtualhost b.example.com\nregex "^a b"\n}\n}\n}`,
    [
      'mode nat;',
      'scheduler wlc;',
      'real_server 10.0.0.1:443;',
      'health_check https uri=/a host=www.example.com status=200-299,301 port=444 interval=60s timeout=5s fall=4 rise=1;',
      'health_check https uri=/b host=b.example.com "body=^a b" port=444 interval=60s timeout=5s fall=4 rise=1;',
    ],
  ],
  'datagrams, names, echoes': [
    `protocol UDP\nlvs_method NAT\nops
     real_server 10.0.0.1 53 {\nUDP_CHECK {\npayload 0a 0b\nrequire_reply 0cxd1x\n}\nDNS_CHECK {\nname example.com\ntype SOA\nretry 1\n}\nPING_CHECK {\n}\n}`,
    [
      'mode nat;',
      'scheduler wlc;',
      'one_packet on;',
      'real_server 10.0.0.1:53;',
      'health_check udp send=hex:0a0b "expect=^\\\\x0c[\\\\x0d\\\\x1d\\\\x2d\\\\x3d\\\\x4d\\\\x5d\\\\x6d\\\\x7d\\\\x8d\\\\x9d\\\\xad\\\\xbd\\\\xcd\\\\xdd\\\\xed\\\\xfd][\\\\x10-\\\\x1f]" interval=60s timeout=5s fall=2 rise=1;',
      'health_check dns name=example.com record=SOA interval=60s timeout=5s fall=2 rise=1;',
      'health_check ping interval=60s timeout=5s fall=2 rise=1;',
    ],
  ],
};

for (const [what, [inside, expected]] of Object.entries(CASES))
  test(`moat import keepalived: ${what}`, () => {
    const { lines, said, status } = keepalived(inside);
    assert.deepEqual(lines.slice(1), expected);
    assert.match(said.join('\n'), /; 0 remarks$/);
    assert.equal(status, 0);
  });

test('moat import keepalived: a group is one virtual server, its ranges are spelled out, its marks are told', () => {
  const { lines, said } = imported(
    'keepalived',
    `virtual_server_group web {
  192.0.2.1 80
  192.0.2.3-10 443   ! the rest
  fwmark 3
}
virtual_server group web { lvs_method NAT
  real_server 10.0.0.1 0 { } }
vrrp_instance VI_1 {
  priority 100
}
`,
  );
  assert.ok(lines.includes('virtual_server 192.0.2.1:80 192.0.2.3-192.0.2.10:443 tcp {'));
  assert.equal(lines.at(-1), 'real_server 10.0.0.1;');
  assert.match(said[0]!, /^-:4: not taken over: firewall mark 3/);
  // What it lacks is told as of any configuration.
  assert.match(said.join('\n'), /incomplete\]: vrrp_instance "VI_1" has no interface/);
});

test('moat import keepalived: what is not known is told, what cannot be read is a fault', () => {
  const { said } = keepalived(
    'lvs_method NAT\nomega\nha_suspend\nnovelty 1\nreal_server 10.0.0.1 80 {\nodd 2\nBFD_CHECK {\n}\n}',
  );
  assert.deepEqual(
    said.slice(0, -1).map(line => line.replace(/^-:(\d+): not taken over: (\w+).*/, '$1 $2')),
    ['3 omega', '4 ha_suspend', '5 novelty', '7 odd', '8 BFD_CHECK'],
  );
  const broken = imported('keepalived', 'virtual_server 192.0.2.1 80 {\n}\n}\n');
  assert.equal(broken.status, 3);
  assert.match(broken.said.join(), /line 3: "}" closes nothing/);
});

test('moat import: a kind that is none, a file that is none, a table without a service', () => {
  const run = (...args: string[]) => spawnSync(MOAT, ['import', ...args], { encoding: 'utf8', input: '' });
  assert.equal(run('pound').status, 2);
  assert.match(run('ipvsadm', '/nowhere/x').stderr, /cannot import \/nowhere\/x: .*no such file/);
  assert.equal(run('ipvsadm').status, 3);
});

const SAMPLES = '/usr/share/doc/keepalived/samples';

test('moat import keepalived: the samples of keepalived itself', {
  skip: existsSync(SAMPLES) ? false : 'keepalived is not installed',
}, () => {
  const samples = readdirSync(SAMPLES).filter(name => name.startsWith('keepalived.conf'));
  let servers = 0;
  for (const sample of samples) {
    const text = readFileSync(join(SAMPLES, sample), 'latin1');
    const { lines, said } = imported('keepalived', text);
    const wanted = [...text.matchAll(/^virtual_server (?!fwmark)/gm)].length;
    const got = lines.filter(line => line.startsWith('virtual_server')).length;
    servers += got;
    assert.equal(got, wanted, sample);
    assert.doesNotMatch(said.join('\n'), /error\[/, sample);
    const reals = [...text.matchAll(/^[ \t]*real_server /gm)].length;
    if (wanted > 0) assert.equal(lines.filter(line => line.startsWith('real_server')).length, reals, sample);
  }
  assert.ok(servers > 10, `only ${servers} virtual servers in ${samples.length} samples`);
});
