/** The benchmark's configuration for nginx and moat: one text, but for what Debian's nginx cannot do. */
import type { Plan } from './peers.ts';

/** Nothing is to be closed for its age during a measurement. */
const LONG = '600s';
const MANY = 1_000_000_000;

export function nginxConf(plan: Plan, flavour: 'nginx' | 'moat'): string {
  // Debian's nginx speaks TLS 1.2 unless told; its resumed handshake needs no key exchange, and would be another work.
  const tls = plan.tls
    ? `ssl_protocols TLSv1.3; ssl_certificate ${plan.tls.certificate}; ssl_certificate_key ${plan.tls.key};`
    : '';
  return `worker_processes 1;
pid bench.pid;
error_log error.log warn;
events { worker_connections 15000; }
http {
  keepalive_timeout ${LONG};
  keepalive_requests ${MANY};
  ${flavour === 'nginx' ? ownTemp() : ''}
  ${plan.work === 'full' ? '' : 'access_log off;'}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  ${plan.work === 'full' ? fullHttp() : ''}
  ${pools(plan, flavour)}
  server {
    listen 127.0.0.1:${plan.port}${plan.tls ? ' ssl' : ''} backlog=4096;
    ${tls}
    location / {
      ${plan.work === 'full' ? `add_header X-Visitor $visitor;` : ''}
      ${plan.work === 'full' && flavour === 'nginx' ? 'add_header Set-Cookie $give_route; proxy_pass http://$member;' : 'proxy_pass http://pool;'}
    }
  }
}
`;
}

function pools(plan: Plan, flavour: 'nginx' | 'moat'): string {
  const keep = `keepalive 256; keepalive_requests ${MANY}; keepalive_timeout ${LONG};`;
  const members = plan.servers.map(port => `server 127.0.0.1:${port};`);
  const sticky = plan.work === 'full' && flavour === 'moat' ? 'sticky cookie route path=/;' : '';
  const whole = `upstream pool { ${members.join(' ')} ${keep} ${sticky} }`;
  if (plan.work !== 'full' || flavour === 'moat') return whole;
  // nginx 1.22 has no sticky: a map from the cookie to pools of one member does the same work.
  const single = members.map((member, at) => `upstream member${at} { ${member} ${keep} }`);
  const rows = members.map((_, at) => `m${at} member${at};`).join(' ');
  return [
    whole,
    ...single,
    `map $cookie_route $member { default pool; ${rows} }`,
    'map $cookie_route $give_route { default ""; "" "route=m0; path=/"; }',
  ].join('\n  ');
}

function fullHttp(): string {
  return `access_log access.log combined buffer=64k flush=1s;
  set_real_ip_from 127.0.0.0/8;
  real_ip_header X-Forwarded-For;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  map $http_user_agent $visitor { default person; ~*bot|crawler|spider machine; ~^curl/ tool; }`;
}

function ownTemp(): string {
  return ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
    .map(kind => `${kind}_temp_path temp_${kind};`)
    .join(' ');
}
