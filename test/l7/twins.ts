/** Runs one configuration under nginx and moat and asks both the same, for directives whose every case must agree. */
import { header } from '../e2e/message.ts';
import { freePorts, httpConf, type RigOptions, type Running, start } from '../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../e2e/upstream.ts';
import { type Ask, exchange, requestBytes } from '../e2e/wire.ts';

export type Twins = AsyncDisposable & {
  readonly nginx: Running;
  readonly moat: Running;
  readonly upstream: Upstream;
  /** What each of them answers, in one line that tells all a client can see but the text of built-in pages. */
  ask(host: string, ask: Ask | string): Promise<{ nginx: string; moat: string }>;
};

/**
 * The upstream that `UPSTREAM` in a configuration stands for: its answers tell the request line and the body that came,
 * with the status that the argument `status` asks for.
 */
const echo = (): Promise<Upstream> =>
  startUpstream(({ start, target, body }) => {
    const text = `${start.replace(/ HTTP.*/, '')}${body && ` [${body}]`}`;
    const status = Number(/status=(\d+)/.exec(target)?.[1] ?? 200);
    return response(status, text, [
      'Content-Type: text/plain',
      `X-Echo: ${target}`,
      ...(status === 401 ? ['WWW-Authenticate: Echo a'] : []),
    ]);
  });

/**
 * @param servers name → inside of its `server` block; `$name` in it are variables, `UPSTREAM` is an address that echoes
 * @param http directives before the servers
 */
export async function startTwins(
  servers: Readonly<Record<string, string>>,
  http = '',
  options: RigOptions = {},
): Promise<Twins> {
  const [nginxPort = 0, moatPort = 0] = await freePorts(2);
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await echo());
  const conf = (port: number) => {
    const blocks = Object.entries(servers).map(
      ([name, inside]) => `server { listen 127.0.0.1:${port}; server_name ${name};\n${inside}\n}`,
    );
    const text = httpConf(`${http}\n${blocks.join('\n')}`);
    return text.replaceAll('UPSTREAM', `127.0.0.1:${upstream.port}`);
  };
  const nginx = stack.use(await start('nginx', conf(nginxPort), options));
  const moat = stack.use(await start('moat', conf(moatPort), options));
  const running = stack.move();
  return {
    nginx,
    moat,
    upstream,
    async ask(host, ask) {
      const whole = typeof ask === 'string' ? { path: ask } : ask;
      const one = async (port: number) => {
        const bytes = requestBytes({ ...whole, headers: { Host: host, ...whole.headers } });
        return summary(await exchange(port, bytes), port);
      };
      return { nginx: await one(nginxPort), moat: await one(moatPort) };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const TOLD = ['Location', 'Content-Type', 'Content-Length', 'WWW-Authenticate'];

function summary(bytes: string, port: number): string {
  if (bytes === '') return 'closed';
  const end = bytes.indexOf('\r\n\r\n');
  const [start = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const headers = lines.map(line => line.split(/: ?(.*)/s) as [string, string]);
  const page = header({ headers }, 'content-type') === 'text/html';
  const told = TOLD.filter(name => !(page && name === 'Content-Length'));
  const fields = told.map(name => [name, header({ headers }, name)] as const);
  const body = page ? '' : bytes.slice(end + 4);
  return [
    start.split(' ')[1],
    ...fields.filter(([, value]) => value !== undefined).map(f => f.join('=')),
    body,
  ]
    .join(' | ')
    .replaceAll(`:${port}`, ':PORT');
}
