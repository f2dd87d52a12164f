/** How one location inspects requests: its rules, and what it spares. */
import type { ResolverSettings } from '#model/l7/core.ts';
import type { UploadSettings, WafRuleTexts, WafSettings } from '#model/l7/waf.ts';
import { wafRulesKey } from '#model/l7/waf.ts';
import type { AuditSink, Decision, Part, Profile, RequestHead, ResponseHead, RuleSet } from '#waf';
import { CLOSE_WITHOUT_ANSWER } from '../content/return.ts';
import type { BodyStore } from '../downstream/body-store.ts';
import { keepBody } from '../downstream/keep-body.ts';
import type { Exchange } from '../exchange.ts';
import { NEXT, type Verdict, WAIT } from '../phase/verdict.ts';
import { newRequestId } from '../request-id.ts';
import type { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { AnswerGate } from './answer-gate.ts';
import { AuditFiles } from './audit-files.ts';
import type { BlockLists } from './block-lists.ts';
import { eventOf } from './event.ts';
import type { EventQueue } from './event-queue.ts';
import { type AnswerWatch, Inspection } from './inspection.ts';
import type { HeadParts } from './refused.ts';
import { tellOfRules } from './report.ts';
import { compiledRules } from './rule-shelf.ts';
import { contentFault, needsLook, type UploadFault, uploadFault } from './upload.ts';

export class Inspector {
  readonly #rules: RuleSet;
  readonly #profile: Profile;
  readonly #failsOpen: boolean;
  readonly #upload: UploadSettings | undefined;
  readonly #refuses: boolean;
  /** Nobody sent the request, and no answer may be waited for. */
  readonly #isTrial: boolean;
  readonly #learns: boolean;
  /** Undefined: nothing is kept. */
  readonly #events: EventQueue | undefined;
  readonly #watch: AnswerWatch | undefined;
  readonly #lists: BlockLists;
  readonly #resolver: ResolverSettings | undefined;

  /** @param rules the sets of the configuration */
  constructor(
    settings: WafSettings,
    rules: RuleSet,
    audit: AuditSink | undefined,
    events: EventQueue | undefined,
    lists: BlockLists,
    resolver: ResolverSettings | undefined,
    isTrial: boolean,
  ) {
    this.#isTrial = isTrial;
    this.#lists = lists;
    this.#resolver = resolver;
    this.#events = events;
    this.#rules = rules;
    this.#profile = rules.profile(profileOf(settings, audit));
    this.#failsOpen = settings.onFault === 'pass';
    this.#upload = settings.upload;
    this.#refuses = settings.mode === 'block';
    this.#learns = settings.learn;
    this.#watch = settings.response ? this.#inspectAnswer : undefined;
  }

  /** Phases 1 and 2: the head, then the body where the rules want it. */
  inspect(exchange: Exchange): Verdict {
    const { blockLists } = this.#profile.variant;
    const asked =
      blockLists.length === 0
        ? undefined
        : this.#lists.ready(exchange.remoteAddress, blockLists, this.#resolver);
    if (!asked) return this.#inspectRequest(exchange);
    exchange.delayed = true;
    void asked.then(fault => {
      exchange.delayed = false;
      if (exchange.closed) return;
      if (fault !== undefined)
        exchange.log('warn', `a DNS block list gave no answer, nobody is listed: ${fault}`);
      const verdict = this.#inspectRequest(exchange);
      if (verdict !== WAIT) exchange.resume(verdict);
    });
    return WAIT;
  }

  #inspectRequest(exchange: Exchange): Verdict {
    return this.#guard(exchange, () => {
      exchange.requestId ??= newRequestId();
      const inspection = this.#begin(exchange, headOf(exchange), this.#watch);
      const refused = inspection.transaction.inspectHead();
      if (refused) return this.#refuse(exchange, inspection, refused);
      const { body } = exchange;
      if (!body || body.discarded || !inspection.transaction.wantsRequestBody)
        return this.#judge(exchange, inspection);
      if (exchange.storedBody) this.#readBody(exchange, inspection, exchange.storedBody);
      else
        keepBody(exchange, kept => {
          if (kept) this.#readBody(exchange, inspection, exchange.storedBody!);
          else exchange.resume(500);
        });
      return WAIT;
    });
  }

  /**
   * A request that is refused as it stands, with a page of moat's own: rules say what it was, and change nothing.
   *
   * @param parts of a head that could not be read
   */
  note(exchange: Exchange, parts: HeadParts | undefined): void {
    this.#guard(exchange, () => {
      exchange.requestId ??= newRequestId();
      const { transaction } = this.#begin(exchange, { ...headOf(exchange), ...parts }, undefined);
      transaction.inspectHead();
      transaction.inspectRequest();
      return NEXT;
    });
  }

  #begin(exchange: Exchange, head: RequestHead, watch: AnswerWatch | undefined): Inspection {
    const transaction = this.#rules.transaction(head, this.#profile);
    const inspection = new Inspection(head.id, transaction, watch);
    exchange.inspection = inspection;
    exchange.onEnd(() => {
      this.#guard(exchange, () => {
        transaction.finish();
        return NEXT;
      });
      exchange.tables.traffic.inspected(inspection.action, inspection.tookMs / 1000);
      tellOfRules(exchange, inspection);
      this.#keep(exchange, inspection);
      if (this.#learns) this.#events?.learner.learn(exchange, inspection);
    });
    return inspection;
  }

  #keep(exchange: Exchange, inspection: Inspection): void {
    const events = this.#events;
    if (!events || !(inspection.hasFindings || exchange.finding)) return;
    if (events.hasRoom) events.add(eventOf(exchange, inspection));
    else events.drop();
  }

  /** The server has not seen a byte of the body yet. */
  #readBody(exchange: Exchange, inspection: Inspection, store: BodyStore): void {
    const { transaction } = inspection;
    const lost = (error: Error): void => {
      exchange.log('crit', `cannot read the request body for the WAF: ${error.message}`);
      exchange.resume(500);
    };
    let refused: Decision | undefined;
    const reader = store.reader(
      {
        bodyData: data => {
          refused ??= transaction.requestBody(data.latin1Slice());
        },
        bodyEnd: () => {
          const verdict = this.#guard(exchange, () =>
            refused ? this.#refuse(exchange, inspection, refused) : this.#judge(exchange, inspection),
          );
          if (verdict !== WAIT) exchange.resume(verdict);
        },
      },
      lost,
    );
    reader.start();
  }

  #judge(exchange: Exchange, inspection: Inspection): Verdict {
    const refused = inspection.transaction.inspectRequest();
    const { files } = inspection.transaction.body;
    const verdict = refused
      ? this.#refuse(exchange, inspection, refused)
      : this.#upload && files.length > 0
        ? this.#judgeUploads(exchange, inspection, this.#upload)
        : NEXT;
    if (verdict !== WAIT) forget(files);
    return verdict;
  }

  /** Files that are not what they say, or too large; what is in them, if it has to be looked at, is told later. */
  #judgeUploads(exchange: Exchange, inspection: Inspection, upload: UploadSettings): Verdict {
    const { body, requestBodyExceeded } = inspection.transaction;
    const fault = uploadFault(body.files, upload);
    if (fault) return this.#refuseUpload(exchange, inspection, fault);
    if (this.#isTrial || !needsLook(body.files, upload)) return NEXT;
    exchange.delayed = true;
    void contentFault(body.files, upload, requestBodyExceeded)
      .then(
        found => () => (found ? this.#refuseUpload(exchange, inspection, found) : NEXT),
        (error: Error) => () => {
          throw error;
        },
      )
      .then(decide => {
        exchange.delayed = false;
        forget(body.files);
        if (!exchange.closed) exchange.resume(this.#guard(exchange, decide));
      });
    return WAIT;
  }

  #refuseUpload(exchange: Exchange, inspection: Inspection, { status, message }: UploadFault): Verdict {
    exchange.finding = { source: 'upload', action: this.#refuses ? 'block' : 'detect', reason: message };
    if (this.#refuses)
      return this.#refuse(exchange, inspection, {
        action: 'deny',
        status,
        url: undefined,
        ruleId: 0,
        message,
        phase: 2,
      });
    exchange.log('warn', `upload would be refused: ${message}`);
    return NEXT;
  }

  /** Phases 3 and 4. An answer whose body the rules want is held back until they have seen it. */
  readonly #inspectAnswer: AnswerWatch = (exchange, response, inspection) => {
    const { transaction } = inspection;
    const judge = (decide: () => Decision | undefined): Verdict =>
      this.#guard(exchange, () => {
        const refused = decide();
        return refused ? this.#refuse(exchange, inspection, refused) : NEXT;
      });
    const verdict = judge(() => transaction.inspectResponseHead(answerHeadOf(exchange, response)));
    if (verdict !== NEXT || response.upgraded || exchange.method === 'HEAD' || !transaction.wantsResponseBody)
      return verdict;
    return new AnswerGate({
      piece(piece) {
        const refused = judge(() => transaction.responseBody(piece));
        if (refused !== NEXT) return refused;
        return transaction.responseBodyExceeded ? judge(() => transaction.inspectResponse()) : undefined;
      },
      end: () => judge(() => transaction.inspectResponse()),
    });
  };

  #refuse(exchange: Exchange, inspection: Inspection, decision: Decision): Verdict {
    inspection.decision = decision;
    if (decision.action === 'drop') return CLOSE_WITHOUT_ANSWER;
    if (decision.url !== undefined) exchange.redirectTo = decision.url;
    return decision.status;
  }

  /** A fault of the engine itself is no reason to let anything through, unless the operator says so. */
  #guard(exchange: Exchange, inspect: () => Verdict): Verdict {
    const startMs = performance.now();
    try {
      return inspect();
    } catch (fault) {
      const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
      exchange.log(
        'crit',
        `fault of the WAF, the request ${this.#failsOpen ? 'passes' : 'is refused'}: ${text}`,
      );
      return this.#failsOpen ? NEXT : 500;
    } finally {
      if (exchange.inspection) exchange.inspection.tookMs += performance.now() - startMs;
    }
  }
}

/** A file's content holds the whole body in memory. */
function forget(files: readonly Part[]): void {
  for (const file of files) file.content = '';
}

function profileOf(settings: WafSettings, audit: AuditSink | undefined): Parameters<RuleSet['profile']>[0] {
  const { mode, paranoia, inboundThreshold, outboundThreshold, exclusions, bodyLimitBytes, bodyLimitAction } =
    settings;
  return {
    engine: mode === 'block' ? 'on' : 'detect',
    variables: { ...levels(paranoia), ...thresholds(inboundThreshold, outboundThreshold) },
    exclusions,
    requestBodyLimitBytes: bodyLimitBytes,
    requestBodyLimitAction: bodyLimitBytes === undefined ? undefined : bodyLimitAction,
    responseBodyAccess: settings.response,
    audit,
  };
}

/** Under the names of the OWASP rules 4 and 3. */
function levels(paranoia: number | undefined): Record<string, string> {
  if (paranoia === undefined) return {};
  const level = String(paranoia);
  return {
    blocking_paranoia_level: level,
    detection_paranoia_level: level,
    paranoia_level: level,
    executing_paranoia_level: level,
  };
}

const thresholds = (inbound: number | undefined, outbound: number | undefined): Record<string, string> => ({
  ...(inbound === undefined ? {} : { inbound_anomaly_score_threshold: String(inbound) }),
  ...(outbound === undefined ? {} : { outbound_anomaly_score_threshold: String(outbound) }),
});

/** HTTP/2 has the host in a field of its own, which rules look for under the old name. */
function headOf(exchange: Exchange): RequestHead {
  const { head, connection, downstream } = exchange;
  const headers = head.headers.pairs();
  if (head.host !== undefined && head.headers.get('host') === undefined) headers.push('host', head.host);
  return {
    id: exchange.requestId!,
    method: head.method,
    target: head.target,
    protocol: protocolOf(head.line, downstream.protocol),
    headers,
    clientAddress: exchange.remoteAddress,
    clientPort: exchange.remotePort,
    serverAddress: connection.localAddress,
    serverPort: connection.localPort,
  };
}

/** Rules see the version as sent: HTTP/1.2 and later are served as HTTP/1.1 (RFC 9110, section 6.2). */
const protocolOf = (line: string, served: string): string =>
  served !== 'HTTP/1.1' || line === '' || line.endsWith('.1')
    ? served
    : line.slice(line.lastIndexOf(' ') + 1);

function answerHeadOf({ downstream }: Exchange, { status, headers }: Response): ResponseHead {
  return { status, protocol: downstream.protocol, headers: headers.pairs() };
}

/** An incident's last lines must not wait in memory. */
const UNBUFFERED = { bufferBytes: 0, flushMs: undefined, gzipLevel: undefined };

/** Undefined where the location has the WAF off. */
export function inspectorFor({ location, tables, worker }: Compiler): Inspector | undefined {
  const settings = location.settings.waf;
  if (settings.mode === 'off') return undefined;
  const texts = textsFor(settings, tables.model.wafRules);
  const { auditLog, auditFolder } = settings;
  const file = auditLog === undefined ? undefined : worker.logFiles.file(auditLog, UNBUFFERED);
  const index = file && { write: (line: string) => file.write(`${line}\n`) };
  const audit = index && auditFolder !== undefined ? new AuditFiles(auditFolder, index) : index;
  const events = tables.model.wafEvents && worker.wafEvents;
  const rules = compiledRules(texts, tables, worker);
  const { resolver } = location.settings.core;
  const isTrial = worker.observer !== undefined;
  return new Inspector(settings, rules, audit, events, worker.blockLists, resolver, isTrial);
}

function textsFor(settings: WafSettings, sets: readonly WafRuleTexts[]): WafRuleTexts {
  const key = wafRulesKey(settings);
  const texts = sets.find(set => set.key === key);
  if (!texts) throw new Error(`the rules of the WAF are not there: ${key || 'default'}`);
  return texts;
}
