/** Asks moat and Debian's nginx the same, with one configuration on the same files, and tells where their answers part. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { header, type Message, takeMessage } from '../e2e/message.ts';
import { freePorts, httpConf, type Program, type Running, start } from '../e2e/rig.ts';
import { exchange } from '../e2e/wire.ts';

/** The age of every file, so that times and ETags are known: 2024-05-05 10:20:30 UTC. */
export const MTIME = 'Sun, 05 May 2024 10:20:30 GMT';
export const MTIME_HEX = '66375d6e';

export type Site = {
  /** The inside of `http {}`. `{port}` is the listener's address and port, `{root}` the folder of the files, `{upstream}` a port. */
  readonly http: string;
  /** Path below the root → content. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the table of files can not say: links, modes, empty folders. */
  readonly prepare?: (root: string) => void;
  readonly upstream?: number;
};

/** `METHOD target [HTTP/1.0]`, then header lines; one that begins with `>` is the body. Host and Connection are added. */
export type Ask = readonly [line: string, ...fields: string[]];

export type Pair = AsyncDisposable & {
  /** Fails with every answer that differs. @param same brings an answer of nginx into the form that is owed */
  compare(asks: readonly Ask[], same?: (answer: string, ask: Ask) => string): Promise<void>;
  /** Fails when the lines of the two error logs differ; only the messages are compared. */
  compareLogs(): void;
  readonly port: { readonly [P in Program]: number };
  readonly running: { readonly [P in Program]: Running };
};

/** All that is below a folder; folders come after what is in them, and closed ones tell nothing to others than root. */
function* inside(folder: Buffer): Generator<Buffer> {
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    if (entry.isDirectory() && statSync(path).mode & 0o400) yield* inside(path);
    yield path;
  }
}

export async function besideNginx(site: Site): Promise<Pair> {
  const root = mkdtempSync(join(tmpdir(), 'beside-'));
  for (const [path, content] of Object.entries(site.files ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, 'latin1');
  }
  site.prepare?.(root);
  for (const path of inside(Buffer.from(root))) lutimesSync(path, new Date(MTIME), new Date(MTIME));
  chmodSync(root, 0o755);
  const [moatPort = 0, nginxPort = 0] = await freePorts(2);
  const port = { moat: moatPort, nginx: nginxPort };
  const confOf = (program: Program) =>
    httpConf(
      site.http
        .replaceAll('{port}', `127.0.0.1:${port[program]}`)
        .replaceAll('{root}', root)
        .replaceAll('{upstream}', `127.0.0.1:${site.upstream}`),
      'error_log error.log info;',
    );
  const nginx = await start('nginx', confOf('nginx'));
  const moat = await start('moat', confOf('moat')).catch(async (error: unknown) => {
    await nginx.stop();
    throw error;
  });
  const running = { moat, nginx };
  const told = async (program: Program, ask: Ask) =>
    describe(await exchange(port[program], bytesOf(ask)), ask, port[program]);
  const asked = async (ask: Ask, same: (answer: string, ask: Ask) => string) => {
    const [got, theirs] = await Promise.all([told('moat', ask), told('nginx', ask)]);
    return [got, same(allowing(theirs), ask)] as const;
  };
  return {
    port,
    running,
    async compare(asks, same = answer => answer) {
      assert.ok(asks.length > 0);
      const parted: string[] = [];
      for (const ask of asks) {
        let [got, owed] = await asked(ask, same);
        // A second may have begun between the two answers, and times in them count from now.
        if (got !== owed) [got, owed] = await asked(ask, same);
        if (got !== owed) parted.push(`== ${ask.join(' | ')}\n-- owed\n${owed}\n-- got\n${got}`);
      }
      assert.equal(parted.length, 0, `${parted.length} of ${asks.length} differ:\n${parted.join('\n')}`);
    },
    compareLogs() {
      assert.deepEqual(messages(moat.read(), root), messages(nginx.read(), root));
    },
    async [Symbol.asyncDispose]() {
      for (const path of inside(Buffer.from(root))) if (lstatSync(path).isDirectory()) chmodSync(path, 0o700); // closed ones too
      rmSync(root, { recursive: true, force: true });
      await Promise.all([moat.stop(), nginx.stop()]);
    },
  };
}

/** What moat refuses as a method says which are taken, where nginx says nothing (RFC 9110 §15.5.6). */
const allowing = (answer: string) => answer.replace(/^405\n/, '405\nAllow: GET, HEAD\n');

function bytesOf([line, ...fields]: Ask): string {
  const body = fields.find(field => field.startsWith('>'))?.slice(1);
  const lines = fields.filter(field => !field.startsWith('>'));
  const names = lines.map(field => field.slice(0, field.indexOf(':')).toLowerCase());
  if (!names.includes('host')) lines.push('Host: example.org');
  if (!names.includes('connection')) lines.push('Connection: close');
  if (body !== undefined && !names.includes('transfer-encoding'))
    lines.push(`Content-Length: ${body.length}`);
  const request = / HTTP\/1\.\d$/.test(line) ? line : `${line} HTTP/1.1`;
  return `${request}\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** All that must be the same: status, fields in any order, body. */
function describe(bytes: string, [line]: Ask, port: number): string {
  if (bytes === '') return 'closed without an answer';
  const framing = line.startsWith('HEAD ') ? 'response-to-head' : 'response';
  const taken = takeMessage(bytes, framing, true);
  if (!taken) return bytes;
  const { message, rest } = taken;
  const page = pageOf(message);
  const fields = message.headers
    .filter(([name]) => !DIFFERENT.has(name) && !(page && name === 'Content-Length'))
    .map(([name, value]) => `${name}: ${steady(name, value, message)}`)
    .sort();
  const trailers = message.trailers.map(([name, value]) => `trailer ${name}: ${value}`);
  const boundary = /boundary=(\S+)$/.exec(header(message, 'content-type') ?? '')?.[1];
  const body = boundary ? message.body.replaceAll(boundary, '{boundary}') : message.body;
  const lines = [message.start.split(' ')[1], ...fields, '', page ?? body, ...trailers, rest];
  return lines.join('\n').replaceAll(String(port), '{port}').trimEnd();
}

/** nginx and moat each have their own words and pages. */
const DIFFERENT = new Set(['Server', 'Date']);

/** A page that a program made itself. */
function pageOf({ body, start, headers }: Message): string | undefined {
  const made = /<title>(\d{3}) [^<]*<\/title>.*<hr>/s.exec(body)?.[1];
  // The answer to HEAD has the length of the page that it stands for.
  const head =
    body === '' &&
    /^text\/html(?:;|$)/.test(header({ headers }, 'content-type') ?? '') &&
    !/ 2\d\d /.test(start);
  return made ? `{page ${made}}` : head ? '{page}' : undefined;
}

function steady(name: string, value: string, message: Message): string {
  const sinceSent = (date: string) => (Date.parse(date) - Date.parse(header(message, 'date') ?? '')) / 1000;
  const expires = header(message, 'expires');
  if (name === 'Expires') return /20(24|37)|1970/.test(value) ? value : `{now} + ${sinceSent(value)}`;
  if (name === 'Cache-Control' && expires) {
    const seconds = Number(/^max-age=(\d+)$/.exec(value)?.[1] ?? Number.NaN);
    return Math.abs(seconds - sinceSent(expires)) <= 1 ? 'max-age={expires}' : value;
  }
  if (name === 'Content-Type') return value.replace(/boundary=\S+$/, 'boundary={boundary}');
  if (name === 'Content-Length' && header(message, 'content-type')?.startsWith('multipart/'))
    return String(message.body.length === Number(value));
  return value;
}

/** `[level] message` of each line, in order, without who asked. */
function messages(log: string, root: string): string[] {
  return [...log.matchAll(/^\S+ \S+ (\[\w+\]) \d+#\d+: \*\d+ (.*?), client: /gm)].map(([, level, text]) =>
    `${level} ${text}`.replaceAll(root, '{root}').replace(/\/tmp\/rig-\w+-\w+\//, '{prefix}/'),
  );
}
