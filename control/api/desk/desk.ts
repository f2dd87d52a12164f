/** Control's side of the API: answers what the API process asks, and does what it is told, one change at a time, each in the audit log. */
import { vocabulary } from '#config';
import { Turns } from '#kit/turns.ts';
import type { Applier } from '../../apply.ts';
import { BackupFault } from '../../backup/fault.ts';
import { issuedCertificates } from '../../certificates.ts';
import type { ConfigDiff } from '../../history/diff.ts';
import { historyOf, stateOf } from '../../history/order.ts';
import type { Texts } from '../../history/place.ts';
import type { Invocation } from '../../invocation.ts';
import type { LogFile } from '../../logs/log-files.ts';
import type { LogAnswer } from '../../logs/search.ts';
import type { StatusReport } from '../../status/report.ts';
import { type AuditLog, entryOf } from '../audit.ts';
import { Clerk } from '../clerk/clerk.ts';
import type { Whereabouts } from '../clerk/questions.ts';
import { etagOf, holdAgainst } from '../etag.ts';
import { notThere, Refusal, refuse } from '../refusal.ts';
import { Archives } from './archives.ts';
import { CHANGES, type Change } from './changes.ts';
import { wholeFiles } from './config.ts';
import { FlowPages } from './flows.ts';
import type { Asker, ClerkRead, ReadName, Reads, ToControl, Told, Tried, Which, Wish } from './questions.ts';
import { withoutSecrets } from './redact.ts';

/** What the desk works on. */
export interface Office {
  readonly applier: Applier;
  readonly invocation: Invocation;
  readonly report: () => Promise<StatusReport>;
}

type Answering = { readonly [K in ReadName]: (input: Reads[K]['input']) => Promise<Reads[K]['output']> };

export class Desk {
  readonly #office: Office;
  readonly #audit: AuditLog;
  readonly #auditFolder: string;
  readonly #clerk: Clerk;
  readonly #archives: Archives;
  #logs: { readonly revision: number; readonly files: readonly LogFile[] } | undefined;
  readonly #turns = new Turns();
  readonly #reads: Answering;

  constructor(office: Office, audit: AuditLog, auditFolder: string) {
    const { applier } = office;
    this.#office = office;
    this.#audit = audit;
    this.#auditFolder = auditFolder;
    this.#clerk = new Clerk(message => applier.log.warn(message));
    this.#archives = new Archives({
      ...{ clerk: this.#clerk, invocation: office.invocation },
      where: () => this.#whereabouts(),
      texts: () => applier.texts,
    });
    const flows = new FlowPages(most => applier.l4.flows(most));
    const clerk =
      <K extends ClerkRead>(what: K) =>
      (input: Reads[K]['input']) =>
        this.#clerk.ask(what, input, this.#whereabouts());
    this.#reads = {
      status: () => office.report(),
      l4: () => applier.l4.figures(),
      flows: question => {
        if (!applier.l4.model) throw notThere('there is no l4 block in force');
        return flows.page(question);
      },
      cluster: () => applier.cluster.figures(),
      live: async () => applier.live.shown,
      sessions: () => applier.plane.sessions(),
      certificates: async () => {
        const { acme } = applier;
        const files = { files: [...applier.texts] };
        const found = await this.#clerk.ask('certificates', files, this.#whereabouts());
        const all = [...found, ...(acme ? issuedCertificates(acme) : [])];
        return all.sort((a, b) => a.notAfterMs - b.notAfterMs);
      },
      explain: question =>
        this.#clerk.ask(
          'explain',
          {
            ...{ files: [...applier.texts], said: applier.live.said, commanded: applier.plane.commanded },
            question,
          },
          this.#whereabouts(),
        ),
      bans: () => applier.bans.sync(),
      config: async () => this.#config(),
      language: async () => vocabulary(),
      revisions: async ({ limit, before }) => historyOf(applier).list(limit, before),
      revision: async id => {
        const { texts, ...head } = historyOf(applier).find(id);
        return { ...head, texts: shownTexts(texts) };
      },
      'config-diff': ({ from, to }) => this.#diff(...both([from, to], applier)),
      logs: async () => this.#clerk.ask('shown-logs', await this.#logFiles(), this.#whereabouts()),
      'log-lines': ask => this.#logLines(ask),
      try: wish => this.#try(wish),
      state: wish => changeOf(wish).state(wish, applier),
      'waf-events': clerk('waf-events'),
      'waf-event': clerk('waf-event'),
      audit: clerk('audit'),
    };
  }

  /** Never throws: a refusal is an answer. */
  async answer(question: ToControl): Promise<Told> {
    try {
      const value = await this.#work(question);
      return { value };
    } catch (fault) {
      return { refused: refusalOf(fault).data };
    }
  }

  #work(question: ToControl): Promise<unknown> {
    switch (question.kind) {
      case 'read':
        return this.#read(question.what, question.input);
      case 'change':
        return this.change(question.wish, question.asker);
      case 'archive':
        return this.#archives.answer(question.what, question.input);
      case 'note':
        return this.#note(question);
    }
  }

  /** @throws {Refusal} when it cannot be written: then it is not to be done */
  async #note({ what, wish, asker }: Extract<ToControl, { kind: 'note' }>): Promise<void> {
    const { who, from } = asker;
    this.#refuseUnaudited(() => this.#audit.flush());
    this.#refuseUnaudited(() =>
      this.#audit.write(entryOf({ who, from, what, wish, before: null, after: null })),
    );
  }

  #read(what: ReadName, input: unknown): Promise<unknown> {
    const read = this.#reads[what] as (input: unknown) => Promise<unknown>;
    return read(input);
  }

  /** @returns the state after it @throws {Refusal} when it is not done; what was begun then is in the audit log */
  change(wish: Wish, asker: Asker): Promise<unknown> {
    const { applier } = this.#office;
    return this.#turns.take(async () => {
      const change = changeOf(wish);
      const before = await change.state(wish, applier);
      holdAgainst(asker.ifMatch, etagOf(before));
      this.#refuseUnaudited(() => this.#audit.flush());
      const tell = (state: unknown) => change.tell?.(wish, applier) ?? state;
      const told = await tell(before);
      const outcome = await change.act(wish, applier, before, asker.who).then(
        () => change.after(wish, applier).then(after => ({ after })),
        (fault: Error) => ({ fault }),
      );
      const { who, from } = asker;
      const end =
        'fault' in outcome ? { fault: outcome.fault.message } : { after: await tell(outcome.after) };
      const { kind, ...all } = wish;
      const rest = change.say?.(all as Wish) ?? all;
      const entry = entryOf({ who, from, what: kind, wish: rest, before: told, ...end });
      this.#refuseUnaudited(() => this.#audit.write(entry));
      if ('fault' in outcome) throw outcome.fault;
      applier.log.notice(`api: ${who}: ${kind} ${JSON.stringify(rest)}`);
      return outcome.after;
    });
  }

  /** @throws {Refusal} when the log cannot be written: changes that nobody can trace are not made */
  #refuseUnaudited(write: () => void): void {
    try {
      write();
    } catch (fault) {
      const { message } = fault as Error;
      this.#office.applier.log.error(
        `api: the audit log cannot be written: ${message}: no changes until it can`,
      );
      throw refuse(503, 'audit-log', `the audit log cannot be written: ${message}`);
    }
  }

  #diff(from: Texts, to: Texts): Promise<ConfigDiff> {
    return this.#clerk.ask('config-diff', { from: [...from], to: [...to] }, this.#whereabouts());
  }

  /** @throws {Refusal} when a file may not be written */
  async #try({ text, files }: Reads['try']['input']): Promise<Tried> {
    const { applier, invocation } = this.#office;
    const main = text === undefined ? [] : [[invocation.file, text] as const];
    const trial = historyOf(applier).trial(wholeFiles([...main, ...files], applier));
    const input = { files: [...trial.texts], known: [...(trial.known ?? [])] };
    const { texts, ...found } = await this.#clerk.ask('validate', input, this.#whereabouts());
    const diff = found.sound ? await this.#diff(applier.texts, new Map(texts)) : { diff: '', hidden: [] };
    return { ...found, ...diff };
  }

  #config(): Reads['config']['output'] {
    const { applier, invocation } = this.#office;
    return {
      ...stateOf(applier),
      file: invocation.file,
      texts: shownTexts(applier.texts),
    };
  }

  /** Of the configuration in force: found once for each. */
  async #logFiles(): Promise<readonly LogFile[]> {
    const { revision, texts } = this.#office.applier;
    if (this.#logs?.revision !== revision) {
      const files = await this.#clerk.ask('log-files', { files: [...texts] }, this.#whereabouts());
      this.#logs = { revision, files };
    }
    return this.#logs.files;
  }

  /** @throws {Refusal} 404 for what is no log of the configuration in force */
  async #logLines({ file, ...rest }: Reads['log-lines']['input']): Promise<LogAnswer> {
    const files = await this.#logFiles();
    const found = file === undefined ? files[0] : files.find(({ path }) => path === file);
    if (!found) throw notThere('there is no such log');
    return this.#clerk.ask('log-lines', { ...rest, file: found }, this.#whereabouts());
  }

  #whereabouts(): Whereabouts {
    const { applier, invocation } = this.#office;
    return { eventsPath: applier.wafEventsPath, auditFolder: this.#auditFolder, invocation };
  }

  close(): void {
    this.#archives.close();
    this.#clerk.close();
    this.#audit.close();
  }
}

const shownTexts = (texts: Texts) => [...texts].map(([path, text]) => ({ path, text: withoutSecrets(text) }));

const both = ([from, to]: readonly [Which, Which], applier: Applier): [Texts, Texts] => [
  historyOf(applier).textsOf(from),
  historyOf(applier).textsOf(to),
];

const changeOf = (wish: Wish): Change => CHANGES[wish.kind] as Change;

const refusalOf = (fault: unknown): Refusal =>
  fault instanceof Refusal
    ? fault
    : fault instanceof BackupFault
      ? refuse(422, fault.code, fault.message)
      : failed(fault);

/** What a plane refuses is the operator's to read; it holds no secret. */
const failed = (fault: unknown): Refusal =>
  refuse(409, 'refused', fault instanceof Error ? fault.message : String(fault));
