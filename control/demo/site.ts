/** The files of the demo: its configuration, its welcome page, its certificate. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { developmentCertificate } from './certificate.ts';

export interface Site {
  readonly http: number;
  readonly https: number;
  /** Addresses to listen on, as `listen` has them. */
  readonly addresses: readonly string[];
  /** ADDRESS:PORT of the servers behind. */
  readonly members: readonly string[];
  readonly workers: number | 'auto';
  /** Further lines of the http block. */
  readonly more?: readonly string[];
  /** Blocks beside the http block. */
  readonly beside?: string;
}

const CERTIFICATE_DAYS = 7;

/** The console on the loopback, with its files in the folder that goes with the demo. */
export const apiBlock = (port: number, dir: string): string => `api {
  listen 127.0.0.1:${port};
  state_path ${join(dir, 'api')};
}
`;

/** Writes everything into a folder, with the configuration in `moat.conf`. */
export function writeSite(dir: string, site: Site): void {
  chmodSync(dir, 0o755); // the workers have left root and serve the page from here
  mkdirSync(join(dir, 'html'));
  const { key, certificate } = developmentCertificate(CERTIFICATE_DAYS);
  writeFileSync(join(dir, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(dir, 'cert.pem'), certificate);
  writeFileSync(join(dir, 'moat.conf'), configuration(site));
  writeFileSync(join(dir, 'html/index.html'), welcome(site));
}

/** The page is a template with `{{http}}` and `{{https}}` for the ports. */
function welcome({ http, https }: Site): string {
  const page = readFileSync(new URL('./welcome.html', import.meta.url), 'utf8');
  return page.replaceAll('{{http}}', String(http)).replaceAll('{{https}}', String(https));
}

const pool = (name: string, members: readonly string[], first = ''): string =>
  `  upstream ${name} {\n${first}${members.map(member => `    server ${member};\n`).join('')}  }\n`;

const lines = (all: readonly string[], margin: string): string =>
  all.map(line => `${margin}${line}\n`).join('');

function configuration(site: Site): string {
  const { http, https, addresses, members, workers, more = ['access_log access.log;'], beside = '' } = site;
  const listens = addresses.flatMap(address => [
    `listen ${address}:${http};`,
    `listen ${address}:${https} ssl;`,
  ]);
  return `# Made by "moat demo"; gone when it ends.
pid moat.pid;
error_log error.log notice;
worker_processes ${workers};
events { }
${beside}
http {
${lines(more, '  ')}
${pool('round', members)}
${pool('sticky', members, '    sticky cookie demo_member path=/;\n')}
${pool('blue', members.slice(0, 1))}
${pool('green', members.slice(1, 2))}
  # A header chooses the pool.
  map $http_x_team $team {
    default round;
    blue    blue;
    green   green;
  }

  server {
${lines(listens, '    ')}    http2 on;
    server_name localhost;
    ssl_certificate     cert.pem;
    ssl_certificate_key key.pem;
    root html;

    # Attacks are refused by moat's own rules; moat waf events and moat waf explain ID tell why.
    waf block;
    waf_learn on;

    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;

    location /round/  { proxy_pass http://round; }
    location /sticky/ { proxy_pass http://sticky; }
    location /blue/   { proxy_pass http://blue; }
    location /green/  { proxy_pass http://green; }
    location /team/   { proxy_pass http://$team; }
    location /secure/ { return 301 https://$host:${https}/; }
    location /healthz { return 200 "well\\n"; }
  }
}
`;
}
