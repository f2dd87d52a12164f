/** The part of http-proxy that the benchmark uses; the package brings no types. */
declare module 'http-proxy' {
  import type { EventEmitter } from 'node:events';
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  type Options = { agent: Agent; target?: string };
  type Proxy = EventEmitter & {
    web(request: IncomingMessage, response: ServerResponse, options: { target: string }): void;
  };
  const made: { createProxyServer(options: Options): Proxy };
  export default made;
}
