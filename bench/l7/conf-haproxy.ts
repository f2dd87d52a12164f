/** The benchmark's configuration for HAProxy. */
import type { Plan } from './peers.ts';

export function haproxyConf(plan: Plan): string {
  const full = plan.work === 'full';
  return `global
  nbthread 1
  no strict-limits
  maxconn 12000
  ${full ? 'log stdout format raw local0' : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
  ${full ? 'log global\n  option httplog' : ''}
frontend in
  bind 127.0.0.1:${plan.port} backlog 4096${plan.tls ? ` ssl crt ${plan.tls.both}` : ''}
  ${full ? fullFrontend() : ''}
  default_backend pool
backend pool
  balance roundrobin
  ${full ? 'cookie route insert indirect nocache' : ''}
${plan.servers.map((port, at) => `  server m${at} 127.0.0.1:${port}${full ? ` cookie m${at}` : ''}`).join('\n')}
`;
}

/** The client's address from the field, the field that tells it on, and a header that a map over the agent decides. */
function fullFrontend(): string {
  return `http-request set-src hdr(x-forwarded-for)
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  acl machine hdr_reg(user-agent) -i bot|crawler|spider
  acl tool hdr_beg(user-agent) curl/
  http-request set-var(txn.visitor) str(person)
  http-request set-var(txn.visitor) str(machine) if machine
  http-request set-var(txn.visitor) str(tool) if tool
  http-response set-header X-Visitor %[var(txn.visitor)]`;
}
