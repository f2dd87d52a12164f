/**
 * The guides that change a host over, typed line by line into a Debian that has what they replace. It takes minutes, systemd-nspawn and
 * debootstrap, so it runs where MOAT_PACKAGE=1 asks for it. MOAT_PACKAGE_BASE names debootstraps to keep: a folder for each guide.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../lab/lab.ts';
import { builtPackage } from './build.ts';
import { Container } from './container.ts';

const ROOT = join(import.meta.dirname, '../..');
const skip = process.env.MOAT_PACKAGE === '1' ? false : 'MOAT_PACKAGE=1 follows the guides in a container';
const base = process.env.MOAT_PACKAGE_BASE ?? mkdtempSync(join(tmpdir(), 'moat-base-'));
if (process.env.MOAT_PACKAGE_BASE === undefined) after(() => rmSync(base, { recursive: true }));

/** Built once for all. */
const file = skip ? '' : builtPackage();

/**
 * The lines of a guide's blocks of shell, as they stand there; those after `#   ` are for whoever goes back.
 *
 * @param at which block; all if absent
 */
function linesOf(page: string, at?: number): string[] {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)];
  assert.ok(blocks.length > 0);
  const chosen = at === undefined ? blocks : blocks.slice(at, at + 1);
  return chosen.flatMap(([, text]) => text!.split('\n')).filter(line => line !== '' && !/^# \S/.test(line));
}

/** Types what a person types; what the guide lets fail may fail. @returns all that was said */
function follow(box: Container, lines: readonly string[], mayFail = /^$/): string {
  return lines
    .map(line => {
      const { status, stdout, stderr } = box.run(`cd /root && ${line}`);
      if (!mayFail.test(line)) assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
      return `${line}\n${stdout}${stderr}`;
    })
    .join('');
}

const commandsOf = (lines: readonly string[]) => lines.filter(line => !line.startsWith('#'));
const active = (box: Container, unit: string) => box.run(`systemctl is-active ${unit}`).stdout.trim();

test('guide: nginx is replaced word by word, and put back', { skip }, async () => {
  await using box = new Container(join(base, 'nginx'), ['nginx-light']);
  await box.booted();
  box.bring(file);
  box.put(
    'etc/nginx/conf.d/site.conf',
    'upstream app { server 127.0.0.1:9000; }\n' +
      'server { listen 127.0.0.1:9000; location / { return 200 "app\\n"; } }\n' +
      'server { listen 80; server_name site.test; location / { proxy_pass http://app; proxy_set_header Host $host; } }\n',
  );
  box.do('systemctl restart nginx; ! curl -sI http://localhost/ | grep -i moat');

  const lines = linesOf('docs/guides/replace-nginx.md');
  const said = follow(box, commandsOf(lines));
  assert.match(said, /installed, and not running/);
  assert.match(said, /^HTTP\/1\.1 200 /m);
  assert.deepEqual([active(box, 'moat'), active(box, 'nginx')], ['active', 'inactive']);
  assert.equal(box.do('curl -s -H "Host: site.test" http://localhost/'), 'app\n');
  assert.match(box.do('ss -Htlnp sport = :80'), /node|moat/);
  follow(box, ['systemctl reload moat', 'moat -t', 'moat -s reload', 'moat status']);

  const [, back = ''] = /^# {3}(systemctl .*)$/m.exec(lines.join('\n')) ?? [];
  follow(box, [back]);
  assert.deepEqual([active(box, 'moat'), active(box, 'nginx')], ['inactive', 'active']);
  assert.equal(box.do('curl -s -H "Host: site.test" http://localhost/'), 'app\n');
});

const KEEPALIVED = `global_defs {
    router_id one
}
vrrp_instance FRONT {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {
        192.0.2.100/24
    }
}
`;
/** Not there yet when keepalived starts: the kernel of a machine that tests has no IPVS, and it would not come up. */
const SERVICE = `virtual_server 192.0.2.100 80 {
    delay_loop 2
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 192.0.2.21 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 1
        }
    }
}
`;

test('guide: LVS and keepalived are replaced word by word', { skip }, async () => {
  await using box = new Container(join(base, 'keepalived'), ['keepalived', 'ipvsadm']);
  await box.booted();
  box.do('ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up');
  box.do('ip address add 192.0.2.11/24 dev eth0');
  box.put('etc/keepalived/keepalived.conf', KEEPALIVED);
  box.do('systemctl restart keepalived');
  box.put('etc/keepalived/keepalived.conf', KEEPALIVED + SERVICE);
  box.do(`apt-get install -y ${box.bring(file)}`);

  // systemd has mounted it on a host, and not in a container.
  box.do('mount -o remount,rw /sys && mkdir -p /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf');

  // The real server of this test is not there: moat doctor says so, and has to.
  const said = follow(box, commandsOf(linesOf('docs/guides/replace-lvs-keepalived.md', 0)), /^moat doctor/);
  assert.match(said, /real server 192\.0\.2\.21 .* does not answer ARP/);
  assert.deepEqual([active(box, 'moat'), active(box, 'keepalived')], ['active', 'inactive'], said);
  await until(() => box.run('ip address show eth0').stdout.includes('192.0.2.100/24'), 'the address', 30_000);
  assert.match(said, /-> 192\.0\.2\.21 /);
});

test('guide: a real server of direct routing joins, and purge takes it out', { skip }, async () => {
  await using box = new Container(join(base, 'plain'));
  await box.booted();
  box.do('ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up');
  box.do(`ip address add 192.0.2.21/24 dev eth0; apt-get install -y ${box.bring(file)}`);
  follow(box, commandsOf(linesOf('docs/guides/replace-lvs-keepalived.md', 1)));
  assert.equal(active(box, 'moat-real-server'), 'active');
  assert.match(box.do('ip address show lo'), /192\.0\.2\.100\/32/);
  box.do('apt-get purge -y moat');
  assert.doesNotMatch(box.do('ip address show lo'), /192\.0\.2\.100/);
});

test('guide: drills every week, until the timer is wanted no more', { skip }, async () => {
  await using box = new Container(join(base, 'plain'));
  await box.booted();
  box.do(`apt-get install -y ${box.bring(file)}`);
  assert.equal(box.run('systemctl is-enabled moat-drill.timer').stdout, 'disabled\n');
  box.put('etc/moat/drill.conf', 'ask http://127.0.0.1/;\nfault "none" { break "true"; lasts 100ms; }\n');
  const weekly = linesOf('docs/guides/drills.md').slice(
    linesOf('docs/guides/drills.md').findIndex(line => line.startsWith('echo')),
  );
  const said = follow(box, weekly, /^systemctl status/); // of a unit that has ended it says 3
  assert.match(said, /drill-\d{8}T\d+Z\.md/);
  assert.match(box.do('systemctl list-timers --all'), /moat-drill\.timer/);

  box.put(
    'etc/moat/drill.conf',
    'ask http://127.0.0.1/;\nfault "lasting" { break "systemctl stop moat"; lasts 100ms; heals_within 1s; }\n',
  );
  assert.notEqual(box.run('systemctl start moat-drill').status, 0);
  assert.equal(active(box, 'moat-drill'), 'failed');
  assert.match(
    box.do('journalctl -p err -u moat-drill --no-pager'),
    /not as it should be; see \/var\/lib\/moat\/drills\/drill-/,
  );
  box.do('apt-get purge -y moat');
  assert.equal(
    box.run(
      'ls /var/lib/moat /lib/systemd/system/moat-drill.timer /etc/systemd/system/timers.target.wants/moat-drill.timer 2>/dev/null',
    ).stdout,
    '',
  );
});
