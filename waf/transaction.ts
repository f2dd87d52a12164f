/** One request and its response under inspection: fed piece by piece, it says what shall become of them. */
import { writeAudit } from './audit.ts';
import { BodyFacts, processorFor, readRequestBody } from './body/request-body.ts';
import type { XmlElement } from './body/xml-tree.ts';
import type { CollectionRecord, PersistentName } from './collection/store.ts';
import { VariableMap } from './collection/variables.ts';
import { Control } from './control.ts';
import { type Finding, runRules } from './evaluate.ts';
import type { Decision, MatchedRule } from './match.ts';
import type { MatchScope } from './operator/operator.ts';
import type { Profile } from './profile.ts';
import { LastMatch } from './reached.ts';
import { RequestFacts, type RequestHead } from './request.ts';
import { ResponseFacts, type ResponseHead } from './response.ts';
import type { Phase, Rule } from './rule.ts';
import type { Surroundings } from './rule-set.ts';
import type { LimitAction, Settings } from './settings.ts';
import { ValueCache } from './value-cache.ts';
import type { Variant } from './variant.ts';

export class Transaction implements MatchScope {
  readonly request: RequestFacts;
  readonly body = new BodyFacts();
  response: ResponseFacts | undefined;
  readonly settings: Settings;
  readonly control: Control;
  readonly tx: VariableMap;
  readonly env = new VariableMap();
  readonly geo = new VariableMap();
  readonly ids: { session: string | undefined; user: string | undefined } = {
    session: undefined,
    user: undefined,
  };
  readonly matched = new LastMatch();
  readonly matchedRules: MatchedRule[] = [];
  values: ValueCache;
  readonly startedMs: number;
  /** What the rule that is being run has found; made at its first match. */
  finding: Finding | undefined;
  /** The head of the chain that is being run. */
  rule: Rule | undefined;
  highestSeverity = 255;
  requestBodyExceeded = false;
  responseBodyExceeded = false;
  /** Whether the rules of the running phase are over. */
  phaseEnded = false;
  /** What became of the request: the first decision, which is carried out in mode `on` only. */
  decision: Decision | undefined;
  /** What would have become of it in mode `on`. */
  intended: Decision | undefined;
  readonly #around: Surroundings;
  readonly #variant: Variant;
  readonly #profile: Profile | undefined;
  readonly #records = new Map<PersistentName, CollectionRecord>();
  #phase: Phase = 1;
  #allowed: 'nothing' | 'request' | 'all' = 'nothing';
  #requestPieces: string[] = [];
  #requestBytes = 0;
  #responsePieces: string[] = [];
  #responseBytes = 0;

  /** @param profile what the place of the configuration changes about the rules */
  constructor(head: RequestHead, around: Surroundings, variant: Variant, profile: Profile | undefined) {
    this.#around = around;
    this.#variant = variant;
    this.#profile = profile;
    this.settings = around.settings;
    this.control = new Control(around.settings, profile?.engine ?? around.settings.engine);
    this.request = new RequestFacts(head, around.settings);
    this.body.processor = processorFor(this.request.header('content-type'));
    this.body.xmlArguments = around.settings.xmlArguments;
    this.tx = new VariableMap(variant.tx);
    this.startedMs = around.nowMs();
    this.values = new ValueCache(this, variant.request);
    profile?.apply(this);
  }

  /** Phase 1. */
  inspectHead(): Decision | undefined {
    return this.#run(1);
  }

  /** Whether the rules want to see the request's body. */
  get wantsRequestBody(): boolean {
    return this.control.engine !== 'off' && this.control.requestBodyAccess && this.decision === undefined;
  }

  /**
   * Takes a piece of the request's body.
   *
   * @param piece one char a byte
   * @returns a decision when the body exceeds its limit and such are rejected
   */
  requestBody(piece: string): Decision | undefined {
    if (!this.wantsRequestBody || this.requestBodyExceeded) return this.decision;
    const room = this.control.requestBodyLimitBytes - this.#requestBytes;
    this.#requestPieces.push(piece.length > room ? piece.slice(0, room) : piece);
    this.#requestBytes += Math.min(piece.length, room);
    if (piece.length <= room) return undefined;
    this.requestBodyExceeded = true;
    if (this.#limitAction === 'partial' || this.control.engine !== 'on') return undefined;
    return this.#refuse(413, `the request's body exceeds ${this.control.requestBodyLimitBytes} bytes`);
  }

  /** Phase 2, once the body is complete (or there is none). */
  inspectRequest(): Decision | undefined {
    if (this.decision) return this.decision;
    if (this.wantsRequestBody) this.#readBody();
    return this.decision ?? this.#run(2);
  }

  /** Phase 3. */
  inspectResponseHead(head: ResponseHead): Decision | undefined {
    this.response = new ResponseFacts(head);
    this.#turnToResponse();
    return this.#run(3);
  }

  /** Whether the rules want to see the response's body: asked after its head. */
  get wantsResponseBody(): boolean {
    if (this.control.engine === 'off' || !this.control.responseBodyAccess || this.decision || !this.response)
      return false;
    const types = this.settings.responseBodyTypes;
    return (
      this.#variant.plans[4].rules.length > 0 && (types === undefined || types.has(this.response.contentType))
    );
  }

  /** @param piece one char a byte */
  responseBody(piece: string): Decision | undefined {
    if (!this.wantsResponseBody || this.responseBodyExceeded) return this.decision;
    const room = this.control.responseBodyLimitBytes - this.#responseBytes;
    this.#responsePieces.push(piece.length > room ? piece.slice(0, room) : piece);
    this.#responseBytes += Math.min(piece.length, room);
    if (piece.length <= room) return undefined;
    this.responseBodyExceeded = true;
    if (this.settings.responseBodyLimitAction === 'partial' || this.control.engine !== 'on') return undefined;
    return this.#refuse(500, `the response's body exceeds ${this.control.responseBodyLimitBytes} bytes`);
  }

  /** Phase 4, once the response's body is complete; without bodies that are read there is none, as in ModSecurity 3. */
  inspectResponse(): Decision | undefined {
    if (!this.wantsResponseBody) return this.decision;
    this.response!.body = this.#responsePieces.join('');
    this.#responsePieces = [];
    return this.#run(4);
  }

  /** Phase 5 and the audit log: once all is over. */
  finish(): void {
    if (this.control.engine !== 'off') {
      if (!this.response) this.#turnToResponse();
      this.phaseEnded = false;
      this.#phase = 5;
      this.values.renew();
      runRules(this.#variant.plans[5], this);
    }
    writeAudit(this, this.#profile?.audit ?? this.#around.audit);
  }

  #run(phase: Phase): Decision | undefined {
    if (this.decision || this.control.engine === 'off') return this.decision;
    if (this.#allowed === 'all' || (this.#allowed === 'request' && phase <= 2)) return undefined;
    const plan = this.#variant.plans[phase];
    if (plan.rules.length === 0) return undefined;
    this.phaseEnded = false;
    this.#phase = phase;
    this.values.renew();
    runRules(plan, this);
    this.rule = undefined;
    return this.decision;
  }

  /** Rules of the later phases have a filter of their own. */
  #turnToResponse(): void {
    this.values = new ValueCache(this, this.#variant.response);
  }

  #readBody(): void {
    const raw = this.#requestPieces.join('');
    this.#requestPieces = [];
    if (!this.body.processor && this.control.forceRequestBody) this.body.processor = 'URLENCODED';
    readRequestBody(raw, this.body, this.request, this.settings);
    const files = this.body.files.reduce((sum, { length }) => sum + length, 0);
    const limit = this.settings.requestBodyNoFilesLimitBytes;
    if (raw.length - files <= limit) return;
    this.requestBodyExceeded = true;
    this.body.error ??= `The body without files exceeds ${limit} bytes`;
    if (this.#limitAction === 'reject' && this.control.engine === 'on')
      this.#refuse(413, `the request's body without files exceeds ${limit} bytes`);
  }

  get #limitAction(): LimitAction {
    return this.#profile?.requestBodyLimitAction ?? this.settings.requestBodyLimitAction;
  }

  #refuse(status: number, message: string): Decision {
    this.decision = { action: 'deny', status, url: undefined, ruleId: 0, message, phase: this.#phase };
    this.intended ??= this.decision;
    return this.decision;
  }

  /** What a rule whose chain matched does to the request. */
  disrupt({ id, disruptive, status }: Rule, message: string): void {
    const { kind, url, scope } = disruptive;
    if (this.control.engine === 'off') this.phaseEnded = true;
    if (kind === 'pass' || kind === 'block' || this.#phase === 5) return;
    if (kind === 'allow') {
      if (this.control.engine !== 'on') return;
      this.phaseEnded = true;
      if (scope !== 'phase') this.#allowed = scope === 'request' ? 'request' : 'all';
      return;
    }
    const decision = {
      action: kind,
      status,
      url: url?.expand(this),
      ruleId: id,
      message,
      phase: this.#phase,
    };
    this.intended ??= decision;
    if (this.control.engine !== 'on') return;
    this.decision = decision;
    this.phaseEnded = true;
  }

  record(name: PersistentName): CollectionRecord | undefined {
    const known = this.#records.get(name);
    if (known || name !== 'GLOBAL') return known;
    this.openRecord('GLOBAL', 'global'); // there is but one, so nobody need say which
    return this.#records.get('GLOBAL');
  }

  openRecord(name: PersistentName, key: string): void {
    this.#records.set(name, this.#around.store.open(name, key, this.settings.collectionTimeoutSeconds));
  }

  nowMs(): number {
    return this.#around.nowMs();
  }

  lookup(macro: string): string {
    return this.#around.macros.lookup(macro, this);
  }

  locate(address: string): boolean {
    const { geoDatabase } = this.settings;
    const found = geoDatabase === undefined ? undefined : this.#around.locate?.(geoDatabase, address);
    for (const [name, value] of Object.entries(found ?? {})) this.geo.set(name, name.toLowerCase(), value);
    return found !== undefined;
  }

  document(): XmlElement | undefined {
    return this.body.error === undefined ? this.body.xml : undefined;
  }

  listed(name: string): string | undefined {
    return this.#around.listed?.(name);
  }
}
