/** `moat explain 'GET https://host/path'`: the whole decision about a request, without sending it. */
import { renderDiagnostics } from '#config';
import { loadExplain } from '#l7';
import { CONFIG_OPTIONS, invocationFrom, readOptions } from '../options.ts';
import { loadWithRules } from '../waf/load-rules.ts';

const FAULTY = 3;
const USAGE = 2;

/** @returns 3 when the configuration is faulty, 2 when the question is, 0 otherwise */
export async function run(args: readonly string[]): Promise<number> {
  const options = {
    ...CONFIG_OPTIONS,
    H: { type: 'string', short: 'H', multiple: true },
    from: { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const { values, positionals } = readOptions(args, options, 1);
  const question = /^(?:([A-Z]+)\s+)?(https?:\/\/\S+)$/.exec(positionals[0] ?? '');
  if (!question) return refuse(`write it as moat explain 'GET https://host/path' [-H 'Name: value']`);
  const { model, diagnostics, texts } = loadWithRules(invocationFrom(values, undefined));
  if (!model) {
    process.stderr.write(renderDiagnostics(diagnostics, { texts, colour: false }));
    return FAULTY;
  }
  if (!model.http) return refuse('the configuration has no http block: nothing would answer');
  const { explain } = await loadExplain();
  try {
    const steps = explain(model.http, {
      method: question[1] ?? 'GET',
      url: question[2]!,
      headers: (values.H ?? []).map(fieldOf),
      ...(values.from !== undefined && { clientAddress: values.from }),
    });
    process.stdout.write(values.json ? `${JSON.stringify(steps)}\n` : steps.map(render).join(''), 'latin1');
    return 0;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(reason: string): number {
  process.stderr.write(`moat explain: ${reason}\n`);
  return USAGE;
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}

interface Shown {
  readonly what: string;
  readonly text: string;
  readonly site?: { readonly file: string; readonly line: number };
}

const render = ({ what, text, site }: Shown) =>
  `${what.padEnd(10)}${text}${site ? `    ${site.file}:${site.line}` : ''}\n`;
