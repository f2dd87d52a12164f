/** The files of the demo: its configuration, its welcome page, its certificate. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentCertificate } from './certificate.ts';

export interface Ports {
  readonly http: number;
  readonly https: number;
  /** Of the servers behind. */
  readonly members: readonly number[];
}

const CERTIFICATE_DAYS = 7;

/** Writes everything into a new folder. @returns its path, with the configuration in `moat.conf` */
export function writeSite(ports: Ports): string {
  const dir = mkdtempSync(join(tmpdir(), 'moat-demo-'));
  chmodSync(dir, 0o755); // the workers have left root and serve the page from here
  mkdirSync(join(dir, 'html'));
  const { key, certificate } = developmentCertificate(CERTIFICATE_DAYS);
  writeFileSync(join(dir, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(dir, 'cert.pem'), certificate);
  writeFileSync(join(dir, 'moat.conf'), configuration(ports));
  writeFileSync(join(dir, 'html/index.html'), welcome(ports));
  return dir;
}

/** The page is a template with `{{http}}` and `{{https}}` for the ports. */
function welcome({ http, https }: Ports): string {
  const page = readFileSync(new URL('./welcome.html', import.meta.url), 'utf8');
  return page.replaceAll('{{http}}', String(http)).replaceAll('{{https}}', String(https));
}

const pool = (name: string, members: readonly number[], first = ''): string =>
  `  upstream ${name} {\n${first}${members.map(port => `    server 127.0.0.1:${port};\n`).join('')}  }\n`;

function configuration({ http, https, members }: Ports): string {
  const [ada = 0, bela = 0] = members;
  return `# Made by "moat demo"; gone when it ends.
pid moat.pid;
error_log error.log notice;
worker_processes auto;
events { }

http {
  access_log access.log;

${pool('round', members)}
${pool('sticky', members, '    sticky cookie demo_member path=/;\n')}
${pool('blue', [ada])}
${pool('green', [bela])}
  # A header chooses the pool.
  map $http_x_team $team {
    default round;
    blue    blue;
    green   green;
  }

  server {
    listen 127.0.0.1:${http};
    listen 127.0.0.1:${https} ssl;
    http2 on;
    server_name localhost;
    ssl_certificate     cert.pem;
    ssl_certificate_key key.pem;
    root html;

    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;

    location /round/  { proxy_pass http://round; }
    location /sticky/ { proxy_pass http://sticky; }
    location /blue/   { proxy_pass http://blue; }
    location /green/  { proxy_pass http://green; }
    location /team/   { proxy_pass http://$team; }
    location /secure/ { return 301 https://$host:${https}/; }
  }
}
`;
}
