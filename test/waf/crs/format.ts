/** Regression tests of rules in the two YAML formats of go-ftw (2.x, and the older one with `stage:` wrappers). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface StageInput {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly data: string | undefined;
  /** The whole request as bytes; overrides everything else. */
  readonly raw: string | undefined;
  readonly autocomplete: boolean;
}

export interface StageOutput {
  readonly statuses: readonly number[];
  readonly expectIds: readonly number[];
  readonly noExpectIds: readonly number[];
  readonly matches: readonly string[];
  readonly noMatches: readonly string[];
  /** No answer is wanted: the server may close the connection. */
  readonly expectError: boolean;
}

export interface CrsTest {
  readonly name: string;
  readonly stages: readonly { readonly input: StageInput; readonly output: StageOutput }[];
}

type Yaml = Record<string, unknown>;

/** Reads all tests below a folder. */
export function readTests(folder: string): CrsTest[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.ya?ml$/.test(name),
  );
  return files.sort().flatMap(file => readFile(readFileSync(join(folder, file), 'utf8'), file));
}

function readFile(text: string, file: string): CrsTest[] {
  const root = asMap(parse(text));
  const rule = String(root['rule_id'] ?? file.replace(/^.*\/|\.ya?ml$/g, ''));
  return asList(root['tests']).map(item => {
    const test = asMap(item);
    const stages = asList(test['stages']).map(one => {
      const stage = asMap(asMap(one)['stage'] ?? one);
      return { input: readInput(asMap(stage['input'])), output: readOutput(asMap(stage['output'])) };
    });
    return { name: String(test['test_title'] ?? `${rule}-${test['test_id']}`), stages };
  });
}

const asMap = (value: unknown): Yaml => (value && typeof value === 'object' ? (value as Yaml) : {});
const asList = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
/** UTF-8 text as bytes, one char each. */
const bytes = (value: unknown): string => Buffer.from(String(value ?? ''), 'utf8').toString('latin1');

function readInput(input: Yaml): StageInput {
  const { data, headers = {}, encoded_request: encoded, raw_request: raw } = input;
  const pairs = Array.isArray(headers)
    ? headers.map(one => [bytes(asMap(one)['name']), bytes(asMap(one)['value'])] as const)
    : Object.entries(asMap(headers)).map(([name, value]) => [bytes(name), bytes(value)] as const);
  return {
    method: bytes(input['method'] ?? 'GET'),
    uri: bytes(input['uri'] ?? '/'),
    version: bytes(input['version'] ?? 'HTTP/1.1'),
    headers: pairs,
    data:
      data === undefined
        ? undefined
        : expand(Array.isArray(data) ? data.map(bytes).join('\r\n') : bytes(data)),
    raw: encoded ? Buffer.from(String(encoded), 'base64').toString('latin1') : raw ? bytes(raw) : undefined,
    autocomplete: input['stop_magic'] !== true && input['autocomplete_headers'] !== false,
  };
}

/** `{{ "+" | repeat 34 }}`, the one template in use. */
const expand = (text: string): string =>
  text.replace(/\{\{\s*"([^"]*)"\s*\|\s*repeat\s+([0-9]+)\s*\}\}/g, (_, part: string, times: string) =>
    part.repeat(Number(times)),
  );

function readOutput(output: Yaml): StageOutput {
  const log = asMap(output['log']);
  const texts = (...values: unknown[]) =>
    values
      .flatMap(asList)
      .filter(value => value !== null)
      .map(String);
  return {
    statuses: asList(output['status']).map(Number),
    expectIds: asList(log['expect_ids']).map(Number),
    noExpectIds: asList(log['no_expect_ids']).map(Number),
    matches: texts(log['match_regex'], output['log_contains']),
    noMatches: texts(log['no_match_regex'], output['no_log_contains']),
    expectError: output['expect_error'] === true,
  };
}
