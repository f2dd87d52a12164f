/** The clerk's process: as root it reads what only root may read, and bears what a hostile text costs. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Diagnostic } from '#config';
import type { Question } from '#kit/line.ts';
import { leaveSignalsToParent, obey } from '#kit/obedience.ts';
import { loadExplain, withMemberOverrides } from '#l7';
import { certificatesOf } from '../../certificates.ts';
import { diffOf } from '../../history/diff.ts';
import { bytesOf } from '../../host/path-bytes.ts';
import { withLive } from '../../live/settings.ts';
import { load } from '../../load.ts';
import { logFilesOf } from '../../logs/log-files.ts';
import { mayBeShown, searchLog } from '../../logs/search.ts';
import { EventReader } from '../../waf/event-reader.ts';
import { loadWithRules, withRules } from '../../waf/load-rules.ts';
import { readAudit } from '../audit.ts';
import type { ClerkDemand, ClerkQuestion, ClerkQuestions, Whereabouts } from './questions.ts';

type Work = {
  readonly [K in ClerkQuestion]: (
    input: ClerkQuestions[K]['input'],
    where: Whereabouts,
  ) => ClerkQuestions[K]['output'] | Promise<ClerkQuestions[K]['output']>;
};

function withEvents<T>({ eventsPath }: Whereabouts, read: (reader: EventReader) => T, none: T): T {
  if (eventsPath === undefined) return none;
  let reader: EventReader;
  try {
    reader = new EventReader(eventsPath);
  } catch {
    return none; // no event was kept yet
  }
  try {
    return read(reader);
  } finally {
    reader.close();
  }
}

const WORK: Work = {
  'waf-events': ({ before, ...question }, where) =>
    withEvents(where, reader => reader.find(question, before), []),
  'waf-event': (id, where) =>
    withEvents<ReturnType<EventReader['byId']>>(where, reader => reader.byId(id), undefined),
  audit({ before, limit }, { auditFolder }) {
    const all = readAudit(auditFolder);
    const first = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
    return all.slice(first, first + limit);
  },
  'config-diff': ({ from, to }) => diffOf(new Map(from), new Map(to)),
  async explain({ files, said, commanded, question }, { invocation }) {
    const texts = new Map(files);
    const loaded = loadWithRules(invocation, { texts, folder: '/', known: new Set(texts.keys()) });
    const model = loaded.model && withRules(withLive(loaded.model, said)).model;
    if (!model?.http) throw new Error('the configuration in force has no http block, or is faulty by now');
    const { http } = model;
    const pools = http.pools.map(pool => withMemberOverrides(pool, commanded));
    const { explain } = await loadExplain();
    return explain({ ...http, pools }, question);
  },
  'log-files'({ files }, { invocation }) {
    const texts = new Map(files);
    const { model } = load(invocation, { texts, folder: '/', known: new Set(texts.keys()) });
    return model ? logFilesOf(model, invocation) : [];
  },
  'shown-logs': (files, { invocation }) =>
    files
      .filter(file => mayBeShown(file, invocation.prefix))
      .map(({ path, kind, format }) => ({
        path,
        kind,
        format: format?.name,
        bytes: statSync(bytesOf(path)).size,
      })),
  'log-lines'(question, { invocation }) {
    if (!mayBeShown(question.file, invocation.prefix))
      throw new Error('this log is not shown, or is not there');
    return searchLog(question);
  },
  async backup({ files, passphrase, events, to }, { invocation }) {
    const { makeBackup } = await import('../../backup/make.ts');
    const { bytes, manifest } = await makeBackup({
      invocation,
      texts: new Map(files),
      passphrase,
      events,
      to,
    });
    return { bytes, missing: manifest.missing };
  },
  async 'restore-preview'({ files, archive, folder, passphrase, only }, { invocation }) {
    const { preview } = await import('../../backup/preview.ts');
    return preview({ archive, folder, passphrase, only, invocation, texts: new Map(files) });
  },
  certificates({ files }, { invocation }) {
    const texts = new Map(files);
    const { model } = load(invocation, { texts, folder: '/', known: new Set(texts.keys()) });
    if (!model) throw new Error('the configuration in force is faulty by now');
    return certificatesOf(model);
  },
  validate({ files, known }, { invocation }) {
    const folder = realpathSync(dirname(Buffer.from(invocation.file, 'latin1').toString()));
    const trial = { texts: new Map(files), folder, known: new Set(known) };
    const { model, diagnostics, texts } = loadWithRules(invocation, trial);
    return {
      sound: model !== undefined,
      diagnostics: diagnostics.map(one => discreet(one, folder)),
      texts: [...texts],
    };
  },
};

/** A fault of a rule quotes its line: of a file elsewhere, which any text may name, nothing is quoted. */
function discreet(diagnostic: Diagnostic, folder: string): Diagnostic {
  const { hint: _, ...rest } = diagnostic;
  if (rest.code !== 'waf-rules' || rest.file.startsWith(`${folder}/`)) return diagnostic;
  return {
    ...rest,
    message: 'a rule of this file is malformed, or the file cannot be read: moat check tells more',
  };
}

obey(async ({ kind, input, where }: Question<ClerkDemand>) => {
  const work = WORK[kind] as (input: unknown, where: Whereabouts) => unknown;
  return { value: await work(input, where) };
});
leaveSignalsToParent();
