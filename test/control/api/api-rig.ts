/** moat with an api block, tokens for it, and a client that says exactly what a test wants said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { freePorts, PROGRAMS, type RigOptions, type Running, startMoat, until } from '../../e2e/rig.ts';
import { childrenOf } from '../life.ts';

export type Role = 'viewer' | 'operator' | 'admin';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** Of JSON; undefined when there is none. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface Said {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown;
  /** The client's own: another one of loopback is another client. */
  readonly localAddress?: string;
}

/** One request on a connection of its own. */
export function call(
  port: number,
  path: string,
  { method = 'GET', token, headers = {}, body, localAddress }: Said = {},
) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const all: OutgoingHttpHeaders = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text as string),
    }),
    ...headers,
  };
  return new Promise<Answer>((done, fail) => {
    const where = { host: '127.0.0.1', port, path, ...(localAddress !== undefined && { localAddress }) };
    const asked = request({ ...where, method, headers: all, agent: false }, response => {
      let said = '';
      response.setEncoding('utf8').on('data', piece => (said += piece));
      response.on('error', fail).on('end', () => {
        const isJson = /json/.test(response.headers['content-type'] ?? '') && said !== '';
        const answer = { status: response.statusCode ?? 0, headers: response.headers, text: said };
        done({ ...answer, body: isJson ? JSON.parse(said) : undefined });
      });
    });
    asked.on('error', fail).end(text);
  });
}

export const CHANGE = { 'if-match': '*' } as const;

/** The api block of a rig; its state lies in a folder of the rig's. */
export const apiBlock = (port: number, state: string, more = '') =>
  `api { listen 127.0.0.1:${port}; state_path ${state}; ${more} }`;

export interface Rig extends AsyncDisposable {
  readonly moat: Running;
  readonly port: number;
  /** Of the http block, where `http` uses it: PORT in its text. */
  readonly sitePort: number;
  readonly state: string;
  /** Runs `moat WORDS -c …`. */
  command(...words: string[]): Done;
  /** With something on its standard input. */
  tell(input: string, ...words: string[]): Done;
  token(role: Role, ...words: string[]): string;
  call(path: string, said?: Said): Promise<Answer>;
  /** The configuration with another http block or another inside of the api block. */
  conf(http?: string, api?: string): string;
}

interface Done {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Processes of this program that run a file. */
export const running = ({ moat }: Rig, file: string): number[] =>
  childrenOf(moat.pid).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(file);
    } catch {
      return false; // it has just ended
    }
  });

export const apiProcess = (rig: Rig): number => running(rig, 'api/process.ts')[0]!;

const SITE = 'server { listen 127.0.0.1:PORT; location / { return 200 hello; } }';

/** @param http the inside of its http block */
export async function startApi(
  http = SITE,
  options: RigOptions & { readonly api?: string } = {},
): Promise<Rig> {
  const [port = 0, sitePort = 0] = await freePorts(2);
  const state = `/tmp/moat-api-${process.pid}-${port}`;
  const conf = (inside = http, api = options.api ?? '') =>
    `pid rig.pid; error_log error.log notice;\n${apiBlock(port, state, api)}\nevents { }\nhttp { access_log off;\n${inside.replaceAll('PORT', `${sitePort}`)}\n}\n`;
  const moat = await startMoat(conf(), options);
  const tell = (input: string, ...words: string[]) => {
    const file = ['-c', join(moat.dir, 'nginx.conf'), '-p', moat.dir];
    return spawnSync(PROGRAMS.moat, [...words, ...file], { encoding: 'utf8', input });
  };
  const command = (...words: string[]) => tell('', ...words);
  let made = 0;
  const rig: Rig = {
    ...{ moat, port, sitePort, state, conf, command, tell },
    token(role, ...words) {
      const { stdout, stderr, status } = command(
        'token',
        'create',
        `${role}-${made++}`,
        '--role',
        role,
        ...words,
      );
      assert.equal(status, 0, stderr);
      return stdout.trim();
    },
    call: (path, said) => call(port, path, said),
    async [Symbol.asyncDispose]() {
      await moat.stop();
      spawnSync('rm', ['-r', '-f', state]);
    },
  };
  await until(
    () =>
      call(port, '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the API to answer',
  );
  return rig;
}
