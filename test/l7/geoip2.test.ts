/** `geoip2`: what a database knows of clients, beside nginx's module; and in rules of the firewall. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts, httpConf, type Program, start, startMoat, until } from '../e2e/rig.ts';
import { Wire } from '../e2e/wire.ts';
import { mmdb, Typed } from '../kit/mmdb-writer.ts';

const COUNTRIES = mmdb({
  '127.0.0.0/8': { country: { iso_code: 'DE', names: { en: 'Germany' }, is_in_european_union: true } },
  '192.0.2.0/24': {
    country: { iso_code: 'FR', names: { en: 'France' } },
    location: { latitude: 48.85, accuracy_radius: new Typed('uint16', 20) },
    subdivisions: [{ iso_code: 'IDF' }],
    autonomous_system_number: new Typed('uint32', 64500),
  },
  '2001:db8::/32': { country: { iso_code: 'JP', names: { en: 'Japan' } } },
});

const VARIABLES = `
  $code default=-- country iso_code; $name default=unknown source=$arg_ip country names en;
  $of_arg source=$arg_ip country iso_code; $latitude source=$arg_ip location latitude;
  $radius source=$arg_ip location accuracy_radius; $region source=$arg_ip subdivisions 0 iso_code;
  $asn source=$arg_ip default=0 autonomous_system_number; $union country is_in_european_union;
  $whole source=$arg_ip default=none country; $built metadata build_epoch;`;
const ANSWER = '"$code|$name|$of_arg|$latitude|$radius|$region|$asn|$union|$whole|$built"';

function withFile<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'geoip-'));
  const path = join(folder, 'countries.mmdb');
  writeFileSync(path, COUNTRIES, { mode: 0o644 });
  return use(path).finally(() => rmSync(folder, { recursive: true }));
}

async function ask(port: number, target: string, fields = ''): Promise<string> {
  using wire = await Wire.dial(port);
  const reply = await wire.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`).reply();
  return `${reply.status} ${reply.body}`;
}

const MODULE = '/usr/lib/nginx/modules/ngx_http_geoip2_module.so';
const skip = existsSync(MODULE) ? false : 'libnginx-mod-http-geoip2 is not installed';

test("geoip2: the same values as nginx's module", { skip }, () =>
  withFile(async path => {
    const [moatPort = 0, nginxPort = 0] = await freePorts(2);
    const conf = (port: number, main = '') =>
      httpConf(
        `geoip2 ${path} { ${VARIABLES} } geoip2_proxy 127.0.0.1; geoip2_proxy_recursive on;
         server { listen 127.0.0.1:${port}; location / { return 200 ${ANSWER}; } }`,
        main,
      );
    await using _moat = await start('moat', conf(moatPort));
    await using _nginx = await start('nginx', conf(nginxPort, `load_module ${MODULE};`));
    const ports: Record<Program, number> = { moat: moatPort, nginx: nginxPort };
    const questions: (readonly [string, string])[] = [];
    for (const ip of ['192.0.2.1', '198.51.100.1', '2001:db8::5', 'nonsense', ''])
      for (const from of ['', '192.0.2.9', '2001:db8::1', '198.51.100.1', '192.0.2.9, 127.0.0.1'])
        questions.push([`/?ip=${ip}`, from && `X-Forwarded-For: ${from}\r\n`]);
    for (const [target, fields] of questions)
      assert.equal(
        await ask(ports.moat, target, fields),
        await ask(ports.nginx, target, fields),
        `${target} ${fields}`,
      );
    assert.match(
      await ask(ports.moat, '/?ip=192.0.2.1'),
      /^200 DE\|France\|FR\|48\.85000\|20\|IDF\|64500\|1\|none\|1700000000$/,
    );
  }),
);

test('geoip2: countries are kept out by a map, and who comes by a trusted proxy is told apart', () =>
  withFile(async path => {
    const [port = 0] = await freePorts(1);
    await using _ = await startMoat(
      httpConf(
        `geoip2 ${path} { $code country iso_code; } map $code $kept_out { default 0; FR 1; JP 1; }
         set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
         server { listen 127.0.0.1:${port}; location / { if ($kept_out) { return 403; } return 200 in; } }`,
      ),
    );
    const from = (address: string) => ask(port, '/', `X-Real-IP: ${address}\r\n`);
    assert.equal(await ask(port, '/'), '200 in');
    assert.match(await from('192.0.2.77'), /^403 /);
    assert.match(await from('2001:db8::7'), /^403 /);
    assert.equal(await from('198.51.100.1'), '200 in');
  }));

test('SecGeoLookupDb: rules see GEO, also after a reload with a new database', () =>
  withFile(async path => {
    const [port = 0] = await freePorts(1);
    const rules = `SecGeoLookupDb ${path}
SecRule REMOTE_ADDR "@geoLookup" "id:1,phase:1,deny,status:451,chain"
SecRule GEO:COUNTRY_CODE "@streq FR" "t:none"
`;
    const conf = httpConf(
      `waf block; waf_rules own.conf; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
       server { listen 127.0.0.1:${port}; location / { root .; try_files /none =204; } }`,
    );
    await using moat = await startMoat(conf, { files: { 'own.conf': rules } });
    const status = async (address: string) => (await ask(port, '/', `X-Real-IP: ${address}\r\n`)).slice(0, 3);
    assert.equal(await status('192.0.2.1'), '451');
    assert.equal(await status('127.0.0.1'), '204');
    assert.equal(await status('198.51.100.9'), '204');
    writeFileSync(path, mmdb({ '198.51.100.0/24': { country: { iso_code: 'FR' } } }));
    moat.signal('SIGHUP');
    await until(async () => (await status('198.51.100.9')) === '451', 'the new database');
    assert.equal(await status('192.0.2.1'), '204');
  }));

test('SecGeoLookupDb: a file that is none is told with the line that wants it', async () => {
  await assert.rejects(
    startMoat(httpConf('waf block; waf_rules own.conf; server { listen 127.0.0.1:1; }'), {
      files: { 'own.conf': 'SecGeoLookupDb own.conf\nSecAction "id:1,phase:1,pass"\n' },
    }),
    /SecGeoLookupDb: cannot read .*own\.conf: it is no database in the format of MaxMind/,
  );
});
