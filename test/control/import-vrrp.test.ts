/** `moat import keepalived`: virtual routers, with what they track and their groups. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');

function imported(text: string) {
  const { stdout, stderr, status } = spawnSync(MOAT, ['import', 'keepalived'], {
    encoding: 'utf8',
    input: text,
  });
  const lines = stdout.split('\n').map(line => line.trim());
  return {
    status,
    lines: lines.filter(line => line !== '' && !/^(#|pid |\}$)/.test(line)),
    said: stderr.trim().split('\n'),
  };
}

test('moat import keepalived: a pair as distributions show it', () => {
  const { lines, said, status } = imported(`
global_defs {
  router_id lb1
  vrrp_startup_delay 2.5
  vrrp_rt_priority 60
  script_user checks
  vrrp_garp_master_repeat 3
}
vrrp_script chk_haproxy {
  script "killall -0 haproxy"
  interval 2
  weight -20
  fall 3
}
vrrp_script chk_dns {
  script "/usr/local/bin/check dns"
  timeout 5
  user nobody
}
vrrp_track_file load {
  file /run/load
  weight 1
}
vrrp_track_process nginx {
  process nginx
}
vrrp_instance VI_1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass 1111222233
  }
  virtual_ipaddress {
    192.0.2.10/24 dev eth0 label eth0:1
    192.0.2.11 dev eth1 scope global
  }
  virtual_ipaddress_excluded {
    192.0.2.12
    2001:db8::1
  }
  unicast_src_ip 10.0.0.1
  unicast_peer {
    10.0.0.2
    10.0.0.3 min_ttl 254
  }
  preempt_delay 300
  garp_master_delay 1
  track_interface {
    eth1 weight -10
    eth2
  }
  track_script {
    chk_haproxy
    chk_dns weight 5
    missing
  }
  track_process {
    nginx
  }
  track_file {
    load weight 2
  }
  notify_master "/usr/bin/page me"
  use_vmac
}
`);
  assert.deepEqual(lines, [
    'events {',
    'cluster {',
    'startup_delay 2500ms;',
    'realtime_priority 60;',
    'script_user checks;',
    'vrrp_script chk_haproxy {',
    'script /bin/sh -c "killall -0 haproxy";',
    'interval 2s;',
    'fall 3;',
    'vrrp_script chk_dns {',
    'script /usr/local/bin/check dns;',
    'script_timeout 5s;',
    'user nobody;',
    'vrrp_instance VI_1 {',
    'interface eth0;',
    'vrid 51;',
    'version 2;',
    'priority 150;',
    'advert_interval 1s;',
    'source_address 10.0.0.1;',
    'unicast_peer 10.0.0.2;',
    'unicast_peer 10.0.0.3 min_ttl=254;',
    'virtual_address 192.0.2.10/24 label=eth0:1;',
    'virtual_address 192.0.2.11 dev=eth1;',
    'virtual_address 192.0.2.12 unadvertised;',
    'preempt_delay 300000ms;',
    'password 11112222;',
    'announce repeat=3 delay=1s;',
    'track interface eth1 weight=-10;',
    'track interface eth2;',
    'track script chk_haproxy weight=-20;',
    'track script chk_dns weight=5;',
    'track process nginx;',
    'track file /run/load weight=2;',
  ]);
  assert.equal(status, 0, said.join('\n'));
  assert.deepEqual(
    said.slice(0, -1).map(line => line.replace(/^-:(\d+): (not taken over|changed): (.*?)(:.*)?$/, '$1 $3')),
    [
      '2 global_defs',
      '10 "killall -0 haproxy" is run by /bin/sh, for its program has no absolute path',
      '39 scope of the address 192.0.2.11',
      '43 2001',
      '59 track_script missing',
      '67 notify_master /usr/bin/page me',
      '68 use_vmac',
    ],
  );
  assert.match(said.at(-1)!, /, 1 virtual routers taken over; 7 remarks$/);
});

test('moat import keepalived: version 3, IPv6, a group, nopreempt beside state MASTER', () => {
  const { lines, said, status } = imported(`
global_defs {
  vrrp_version 3
}
vrrp_instance VI_4 {
  state MASTER
  nopreempt
  interface eth0
  virtual_router_id 1
  priority 255
  advert_int 0.1
  no_accept
  v3_checksum_as_v2
  virtual_ipaddress {
    192.0.2.1/32
  }
  track_interface {
    eth1 weight 10
  }
}
vrrp_instance VI_6 {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id 1
  virtual_ipaddress {
    2001:db8::1/64
  }
}
vrrp_sync_group G {
  group {
    VI_4
    VI_6
  }
  track_interface {
    eth1
  }
}
`);
  assert.equal(status, 0, said.join('\n'));
  assert.deepEqual(lines.slice(2), [
    'vrrp_instance VI_4 {',
    'interface eth0;',
    'vrid 1;',
    'version 3;',
    'priority 255;',
    'advert_interval 100ms;',
    'virtual_address 192.0.2.1/32;',
    'accept off;',
    'checksum plain;',
    'vrrp_instance VI_6 {',
    'interface eth0;',
    'vrid 1;',
    'version 3;',
    'advert_interval 1s;',
    'virtual_address 2001:db8::1/64;',
    'nopreempt;',
    'sync_group G {',
    'members VI_4 VI_6;',
    'track interface eth1;',
  ]);
  assert.match(
    said.join('\n'),
    /:7: not taken over: nopreempt: keepalived does not heed it beside state MASTER/,
  );
  assert.match(said.join('\n'), /:18: not taken over: track_interface eth1: keepalived ignores weights/);
});
