/** `moat waf`: why requests were refused, what would be, and how to spare the honest ones. */
import { resolve } from 'node:path';
import { renderDiagnostics, unifiedDiff } from '#config';
import { parseDurationMs } from '#kit/units.ts';
import { loadExplain, loadWafTrial } from '#l7';
import type { HttpModel } from '#model/l7/http.ts';
import type { WafEvent } from '#model/waf-event.ts';
import { type Loaded, load } from '../load.ts';
import { CONFIG_OPTIONS, invocationFrom, noSuchWord, OptionFault, readOptions } from '../options.ts';
import { socketPathOf } from '../status/report.ts';
import { bans } from '../waf/command/bans.ts';
import { readRequest } from '../waf/command/curl.ts';
import { proposalsFor } from '../waf/command/exclusion.ts';
import { fetchCrs } from '../waf/command/fetch-crs.ts';
import { mode } from '../waf/command/mode.ts';
import { eventsText, eventText, findingsText, learnedText, shown } from '../waf/command/render.ts';
import { type Added, type Replayed, replay, sitesNow, withExclusions } from '../waf/command/replay.ts';
import { CONFIDENCES, type Finding, findings } from '../waf/command/tune.ts';
import { changesFor, type Insertion } from '../waf/command/write-exclusion.ts';
import { EventReader } from '../waf/event-reader.ts';
import { loadWithRules } from '../waf/load-rules.ts';

const OPTIONS = {
  ...CONFIG_OPTIONS,
  json: { type: 'boolean' },
  since: { type: 'string' },
  action: { type: 'string' },
  rule: { type: 'string' },
  path: { type: 'string' },
  client: { type: 'string' },
  limit: { type: 'string', short: 'n' },
  write: { type: 'boolean' },
  header: { type: 'string', short: 'H', multiple: true },
  data: { type: 'string', short: 'd' },
  from: { type: 'string' },
  zone: { type: 'string' },
  sha256: { type: 'string' },
  to: { type: 'string' },
  for: { type: 'string' },
  server: { type: 'string' },
  location: { type: 'string' },
  confidence: { type: 'string' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

interface Context {
  readonly values: Values;
  /** Behind the verb; empty where none was said, which not all allow. */
  readonly word: string;
  readonly http: HttpModel;
}

const FAILED = 1;
const FAULTY = 3;
const SHOWN_EVENTS = 20;
/** Events that a change is tried on. */
const REPLAYED_EVENTS = 2000;

const VERBS: Readonly<Record<string, (context: Context) => number | Promise<number>>> = {
  events: listEvents,
  explain: explainEvent,
  test: testRequest,
  exclude: excludeEvent,
  tune: tuneRules,
  learned: listLearned,
};

/** What is asked where the word behind a verb is missing. */
const WANTED: Readonly<Record<string, string>> = {
  explain: 'which event? moat waf events lists them',
  exclude: 'which event? moat waf events lists them',
  test: "which request? Write 'GET https://host/path' or 'curl ...'",
};

/** @returns 3 when the configuration is faulty, 1 when there is nothing to tell of, 0 otherwise */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS, 3);
  if (positionals[0] === 'bans') return runBans(values, positionals.slice(1));
  if (positionals[0] === 'mode') return runMode(values, positionals.slice(1));
  if (positionals[0] === 'fetch-crs') return runFetch(values, positionals[1]);
  if (positionals.length > 2) throw new OptionFault(`unexpected "${positionals[2]}"`);
  const verb = VERBS[positionals[0] ?? ''];
  if (!verb) throw noSuchWord(positionals[0], [...Object.keys(VERBS), 'bans', 'mode', 'fetch-crs']);
  const wanted = positionals[1] === undefined ? WANTED[positionals[0]!] : undefined;
  if (wanted !== undefined) throw new OptionFault(wanted);
  const loaded = loadWithRules(invocationFrom(values));
  const { model } = loaded;
  if (!model) return faulty(loaded);
  if (!model.http) return failed('the configuration has no http block');
  try {
    return await verb({ values, word: positionals[1] ?? '', http: model.http });
  } catch (fault) {
    if (fault instanceof OptionFault) throw fault;
    return failed((fault as Error).message);
  }
}

/** Tells what is wrong with the configuration. */
function faulty({ diagnostics, texts }: Loaded): number {
  process.stderr.write(renderDiagnostics(diagnostics, { texts, colour: false }));
  return FAULTY;
}

/** Only where the program listens is asked of the configuration, so rules are not read. */
async function runBans(values: Values, words: readonly string[]): Promise<number> {
  const loaded = load(invocationFrom(values));
  if (!loaded.model) return faulty(loaded);
  return bans(socketPathOf(loaded.model.process.pidPath), words, {
    json: values.json === true,
    zone: values.zone,
    lengthMs: durationOf('for', values.for),
  });
}

/** Likewise. */
async function runMode(values: Values, words: readonly string[]): Promise<number> {
  const loaded = load(invocationFrom(values));
  if (!loaded.model) return faulty(loaded);
  const { json = false, server, location } = values;
  const lengthMs = durationOf('for', values.for);
  return mode(socketPathOf(loaded.model.process.pidPath), words, { json, server, location, lengthMs });
}

/** No configuration is needed: it may be waiting for these rules. */
async function runFetch(values: Values, word: string | undefined): Promise<number> {
  const { sha256, to } = values;
  const { prefix } = invocationFrom(values);
  try {
    const { folder, files } = await fetchCrs({ word, sha256, to: to && resolve(to), parent: prefix });
    process.stdout.write(
      `${files} files of the OWASP rules are in ${folder}\nUse them by: waf_rules crs=${folder};\n`,
    );
    return 0;
  } catch (fault) {
    if (fault instanceof OptionFault) throw fault;
    return failed((fault as Error).message);
  }
}

function durationOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text, 1000);
  if (ms === undefined) throw new OptionFault(`--${name} "${text}" is no time: write 30m, 2h or 1d`);
  return ms;
}

function failed(reason: string): number {
  process.stderr.write(`moat waf: ${reason}\n`);
  return FAILED;
}

function say(values: Values, value: unknown, text: () => string): number {
  process.stdout.write(values.json ? `${JSON.stringify(value)}\n` : text(), 'latin1');
  return 0;
}

/** @throws {Error} when nothing is kept */
function reader({ wafEvents }: HttpModel): EventReader {
  if (!wafEvents) throw new Error('waf_events is off: nothing is kept');
  return new EventReader(wafEvents.path);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw new OptionFault(`--${name} "${text}" is no number`);
  return Number(text);
}

/** The moment that `1h` ago was, in ms since 1970. */
function since(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return Date.now() - durationOf('since', text)!;
}

const questionOf = (values: Values) => ({
  sinceMs: since(values.since),
  action: values.action,
  rule: numberOf('rule', values.rule),
  path: values.path,
  client: values.client,
  limit: numberOf('limit', values.limit),
});

function listEvents({ values, http }: Context): number {
  const question = questionOf(values);
  const events = reader(http).find({ ...question, limit: question.limit ?? SHOWN_EVENTS });
  return say(values, events, () => eventsText(events));
}

/** @throws {Error} when there is no such event */
function eventNamed({ word, http }: Context): WafEvent {
  const event = reader(http).byId(word);
  if (!event) throw new Error(`no event is kept under "${word}"`);
  return event;
}

function explainEvent(context: Context): number {
  const event = eventNamed(context);
  const lines = proposalsFor(event).map(({ line }) => `  ${line}`);
  const spare =
    lines.length === 0
      ? ''
      : `\nWould be spared by (moat waf exclude ${event.id.slice(0, 12)}):\n${lines.join('\n')}\n`;
  return say(context.values, event, () => eventText(event) + spare);
}

async function testRequest({ values, word, http }: Context): Promise<number> {
  const { method, url, headers, body } = readRequest(word, values.header ?? [], values.data);
  const { Trial } = await loadExplain();
  const { tryRequest } = await loadWafTrial();
  using trial = new Trial(http);
  const event = tryRequest(trial, {
    method,
    url,
    headers,
    ...(values.from !== undefined && { clientAddress: values.from }),
    ...(body !== undefined && { body: Buffer.from(body, 'latin1') }),
  });
  if (!event) return say(values, null, () => 'the WAF is off for this request\n');
  return say(values, event, () => eventText(event));
}

async function excludeEvent(context: Context): Promise<number> {
  const { values, http } = context;
  const event = eventNamed(context);
  const proposals = proposalsFor(event, numberOf('rule', values.rule));
  if (proposals.length === 0) return failed('the event has no rule that an exclusion could spare it from');
  const [site] = await sitesNow(http, [event]);
  if (!site) return failed(`location ${event.location} is no more, or the WAF is off there`);
  const exclusions = proposals.map(({ exclusion }) => exclusion);
  const events = reader(http).find({ path: event.path, limit: REPLAYED_EVENTS });
  const changed = await changedBy(http, [{ site, exclusions }], events);
  const lines = proposals.map(({ line }) => line);
  const { location } = event;
  const told = { lines, site, location, replayed: events.length, changed };
  say(values, told, () =>
    [
      `In location ${location} (${site.file}:${site.line}):`,
      ...lines.map(line => `  ${line}`),
      `Of ${events.length} recorded events below ${shown(event.path)} ${changed.length} would end otherwise:`,
      changedText(changed),
    ].join('\n'),
  );
  return values.write ? write(context, [{ site, lines }]) : 0;
}

const changedBy = async (
  http: HttpModel,
  added: readonly Added[],
  events: readonly WafEvent[],
): Promise<Replayed[]> =>
  (await replay(http, withExclusions(http, added), events)).filter(one => one.before !== one.after);

const changedText = (changed: readonly Replayed[]): string =>
  changed
    .slice(0, SHOWN_EVENTS)
    .map(
      one =>
        `  ${one.event.id.slice(0, 12)}  ${one.before} -> ${one.after}  ${shown(one.event.request.target, 80)}\n`,
    )
    .join('');

/** Files that are faulty afterwards are put back. */
function write({ values }: Context, insertions: readonly Insertion[]): number {
  const changes = changesFor(insertions);
  for (const change of changes) change.apply();
  const loaded = loadWithRules(invocationFrom(values));
  if (!loaded.model) {
    for (const change of changes) change.undo();
    faulty(loaded);
    return failed(`the lines do not fit: ${changes.map(({ file }) => file).join(', ')} is as it was`);
  }
  if (values.json) return 0;
  for (const { file, before, after } of changes)
    process.stdout.write(
      `${unifiedDiff(before, after, [file, file])}${file} is changed: moat reload brings it into force\n`,
      'latin1',
    );
  return 0;
}

async function tuneRules(context: Context): Promise<number> {
  const { values, http } = context;
  const least = CONFIDENCES.find(one => one === (values.confidence ?? (values.write ? 'high' : 'low')));
  if (!least) throw new OptionFault(`--confidence is one of ${CONFIDENCES.join(', ')}`);
  const events = reader(http).find(questionOf(values));
  const found = findings(events, reader(http).learned()).filter(
    ({ confidence }) => CONFIDENCES.indexOf(confidence) <= CONFIDENCES.indexOf(least),
  );
  if (!values.write) return say(values, found.map(withoutExample), () => findingsText(found));
  return writeFindings(context, found, events.slice(0, REPLAYED_EVENTS));
}

const withoutExample = ({ example: { server, location, site }, ...finding }: Finding) => ({
  ...finding,
  server,
  location,
  site,
});

/** Each finding in its location, after the recorded requests were judged with all of them. */
async function writeFindings(
  context: Context,
  found: readonly Finding[],
  events: readonly WafEvent[],
): Promise<number> {
  const { values, http } = context;
  const sites = await sitesNow(
    http,
    found.map(({ example }) => example),
  );
  const placed = found.flatMap(({ proposals }, at) => (sites[at] ? [{ site: sites[at], proposals }] : []));
  if (placed.length === 0) return failed('there is nothing to write');
  const added = placed.map(({ site, proposals }) => ({
    site,
    exclusions: proposals.map(({ exclusion }) => exclusion),
  }));
  const changed = await changedBy(http, added, events);
  const lines = placed.flatMap(({ proposals }) => proposals.map(({ line }) => line));
  say(
    values,
    { lines, replayed: events.length, changed },
    () =>
      `Of ${events.length} recorded events ${changed.length} would end otherwise:\n${changedText(changed)}`,
  );
  const bySite = Map.groupBy(placed, ({ site }) => `${site.file}:${site.line}`);
  return write(
    context,
    [...bySite.values()].map(group => ({
      site: group[0]!.site,
      lines: [...new Set(group.flatMap(({ proposals }) => proposals.map(({ line }) => line)))],
    })),
  );
}

function listLearned({ values, http }: Context): number {
  const facts = reader(http).learned();
  return say(values, facts, () => learnedText(facts));
}
