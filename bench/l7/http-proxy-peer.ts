/** The baseline: http-proxy on node:http, as one would write it, doing the work of the plan in the file named. */
import { createWriteStream, readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import httpProxy from 'http-proxy';
import type { Plan } from './peers.ts';

const plan: Plan = JSON.parse(readFileSync(process.argv[2]!, 'utf8'));
const targets = plan.servers.map(port => `http://127.0.0.1:${port}`);
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true, maxSockets: 256 }) });
proxy.on('error', (_error: Error, _request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(502).end();
});
let turn = 0;
const nextTarget = () => targets[turn++ % targets.length]!;

const plain = (request: IncomingMessage, response: ServerResponse) =>
  proxy.web(request, response, { target: nextTarget() });

/** A member by cookie, an address by field, a header by agent, and a line in a buffered log. */
const log = plan.work === 'full' ? createWriteStream('access.log', { highWaterMark: 65_536 }) : undefined;
const full = (request: IncomingMessage, response: ServerResponse) => {
  const client = String(request.headers['x-forwarded-for'] ?? request.socket.remoteAddress);
  const agent = request.headers['user-agent'] ?? '';
  const member = /(?:^|; )route=m(\d)/.exec(request.headers.cookie ?? '')?.[1];
  const visitor = /bot|crawler|spider/i.test(agent)
    ? 'machine'
    : agent.startsWith('curl/')
      ? 'tool'
      : 'person';
  request.headers['x-forwarded-for'] = `${client}, ${request.socket.remoteAddress}`;
  request.headers['x-forwarded-proto'] = 'http';
  response.setHeader('X-Visitor', visitor);
  if (member === undefined) response.setHeader('Set-Cookie', 'route=m0; path=/');
  response.once('finish', () => {
    const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
    log?.write(
      `${client} - - [${new Date().toISOString()}] "${line}" ${response.statusCode} - "-" "${agent}"\n`,
    );
  });
  proxy.web(request, response, { target: targets[Number(member)] ?? nextTarget() });
};

const handle = plan.work === 'full' ? full : plain;
const server = plan.tls
  ? createTlsServer({ cert: readFileSync(plan.tls.certificate), key: readFileSync(plan.tls.key) }, handle)
  : createServer(handle);
server.keepAliveTimeout = 600_000;
server.listen(plan.port, '127.0.0.1', 4096);
