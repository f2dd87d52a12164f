/** `moat replay --access-log FILE --against NEW.conf`: which recorded requests a new configuration would treat otherwise. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { renderDiagnostics } from '#config';
import type { HttpModel } from '#model/l7/http.ts';
import type { Loaded } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, OptionFault, readOptions } from '../options.ts';
import { type Origin, type Outcome, replayLog } from '../replay/replay.ts';
import { loadWithRules } from '../waf/load-rules.ts';

const DIFFERS = 1;
const USAGE = 2;
const FAULTY = 3;
const SHOWN = 20;

const OPTIONS = {
  ...CONFIG_OPTIONS,
  'access-log': { type: 'string' },
  against: { type: 'string' },
  origin: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @returns 0 when all is as before, 1 when something is not, 3 when a configuration is faulty */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, OPTIONS);
  const { against, 'access-log': log } = values;
  if (log === undefined || against === undefined)
    throw new OptionFault('write it as moat replay --access-log FILE --against NEW.conf');
  const before = httpOf(loadWithRules(invocationFrom(values)));
  const after = httpOf(loadWithRules(invocationFrom({ directives: values.directives }, against)));
  if (!before || !after) return FAULTY;
  const origin = originOf(values.origin, before);
  try {
    const outcome = await replayLog(before, after, linesOf(log), origin);
    process.stdout.write(values.json ? `${JSON.stringify(outcome)}\n` : textOf(outcome), 'latin1');
    return outcome.changed > 0 ? DIFFERS : 0;
  } catch (fault) {
    process.stderr.write(`moat replay: ${(fault as Error).message}\n`);
    return USAGE;
  }
}

function httpOf({ model, diagnostics, texts }: Loaded): HttpModel | undefined {
  if (!model) process.stderr.write(renderDiagnostics(diagnostics, { texts, colour: false }));
  else if (!model.http) process.stderr.write('moat replay: a configuration has no http block\n');
  return model?.http;
}

/** @throws {OptionFault} */
function originOf(word: string | undefined, { listens }: HttpModel): Origin {
  const first = Object.values(listens).find(({ kind }) => kind === 'tcp');
  const usual = first ? `${first.tls ? 'https' : 'http'}://localhost:${first.port}` : 'http://localhost';
  const text = word ?? usual;
  if (!/^https?:/.test(text) || !URL.canParse(text))
    throw new OptionFault(`"${text}" is no origin: write http://HOST:PORT`);
  const { protocol, hostname, port } = new URL(text);
  return {
    ...{ scheme: `${protocol}//`, host: hostname },
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}

function linesOf(path: string): AsyncIterable<string> {
  const file = path === '-' ? process.stdin : createReadStream(Buffer.from(path, 'latin1'));
  const input = path.endsWith('.gz')
    ? file.on('error', fault => unpacked.destroy(fault)).pipe(createGunzip())
    : file;
  const unpacked = input as NodeJS.ReadableStream & { destroy(fault: Error): void };
  input.setEncoding('latin1');
  return lines(input);
}

/** A fault of the stream ends the reading with it; the lines of readline alone would just end. */
async function* lines(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  let fault: Error | undefined;
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.once('error', error => {
    fault = error;
    reader.close();
  });
  yield* reader;
  if (fault) throw fault;
}

function textOf({ requests, unread, changed, untold, differences }: Outcome): string {
  const head = `${requests} requests, ${changed} of them differ${unread > 0 ? `; ${unread} lines could not be read` : ''}\n`;
  const shown = differences
    .slice(0, SHOWN)
    .map(
      ({ before, after, count, samples }) =>
        `\n${count} x ${before.kind === after.kind ? before.kind : `${before.kind} -> ${after.kind}`}\n  - ${before.text}\n  + ${after.text}\n${samples.map(one => `    ${one}\n`).join('')}`,
    );
  const more = differences.length - SHOWN;
  const rest =
    more > 0 || untold > 0 ? `\nand ${Math.max(0, more)} more differences (--json lists 1000)\n` : '';
  return head + shown.join('') + rest;
}
