/** The block that is being read: what its directives may write to, and what they need for reading their words. */
import { PatternFault, translatePattern } from '#kit/pcre.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import { isReservedVariable, isSettableVariable } from '#model/l7/variables.ts';
import type { Pattern, Template } from '#model/template.ts';
import { ArgumentFault } from './argument.ts';
import type { Faults } from './diagnostic.ts';
import type {
  HttpDraft,
  LocationDraft,
  MainDraft,
  MatchDraft,
  OwnSettings,
  PoolDraft,
  ServerDraft,
  Writable,
} from './draft.ts';
import type { AcmeIssuerDraft } from './draft-acme.ts';
import type { ApiDraft, OidcDraft } from './draft-api.ts';
import type {
  ClusterDraft,
  FlowSyncDraft,
  InstanceDraft,
  ScriptDraft,
  SessionStoreDraft,
  SyncGroupDraft,
} from './draft-cluster.ts';
import type { GslbDraft, RecordDraft, ZoneDraft } from './draft-gslb.ts';
import type { HeartbeatDraft } from './draft-heartbeat.ts';
import type { L4Draft, VirtualServerDraft } from './draft-l4.ts';
import type { ExporterDraft } from './draft-trace.ts';
import type { Site } from './lex.ts';
import type { Source } from './parse.ts';
import type { Context } from './registry.ts';
import { parseTemplate, TemplateFault, variablesIn } from './template.ts';

/** What all scopes of one check share. */
export interface Surroundings {
  readonly faults: Faults;
  readonly source: Source;
  /** Relative paths of content and logs start here; ends with `/`. */
  readonly prefix: string;
  /** Relative paths of includes, certificates and password files start here; ends with `/`. */
  readonly confDir: string;
  readonly main: MainDraft;
  /** Whether root will run it: others may not listen below port 1024. */
  readonly asRoot: boolean;
}

/** Which drafts the block stands in. */
export interface Drafts {
  readonly http?: HttpDraft;
  readonly server?: ServerDraft;
  readonly location?: LocationDraft;
  readonly pool?: PoolDraft;
  readonly match?: MatchDraft;
  readonly l4?: L4Draft;
  readonly virtualServer?: VirtualServerDraft;
  readonly cluster?: ClusterDraft;
  readonly instance?: InstanceDraft;
  readonly script?: ScriptDraft;
  readonly syncGroup?: SyncGroupDraft;
  readonly flowSync?: FlowSyncDraft;
  readonly sessionStore?: SessionStoreDraft;
  readonly heartbeat?: HeartbeatDraft;
  readonly api?: ApiDraft;
  readonly gslb?: GslbDraft;
  readonly gslbZone?: ZoneDraft;
  readonly gslbRecord?: RecordDraft;
  readonly oidc?: OidcDraft;
  readonly acmeIssuer?: AcmeIssuerDraft;
  readonly exporter?: ExporterDraft;
}

export class Scope {
  readonly context: Context;
  readonly parent: Scope | undefined;
  readonly around: Surroundings;
  readonly drafts: Drafts;
  /** Where the settings of this block go. */
  readonly own: OwnSettings;
  /** Names of the directives read so far, for finding duplicates. */
  #seen: Map<string, Site> | undefined;

  /** Lists that `append` made: they may grow in place; those that came by `set` may be shared. */
  #lists: Set<unknown> | undefined;

  constructor(
    context: Context,
    parent: Scope | undefined,
    around: Surroundings,
    drafts: Drafts,
    own: OwnSettings,
  ) {
    this.context = context;
    this.parent = parent;
    this.around = around;
    this.drafts = drafts;
    this.own = own;
  }

  /** A block inside this one; its drafts add to those around it. */
  child(context: Context, drafts: Drafts, own: OwnSettings = {}): Scope {
    return new Scope(context, this, this.around, { ...this.drafts, ...drafts }, own);
  }

  /** Remembers that a directive stands here. @returns where it stood already, if it did */
  firstSite(name: string, site: Site): Site | undefined {
    const before = this.#seen?.get(name);
    if (!before) (this.#seen ??= new Map()).set(name, site);
    return before;
  }

  get faults(): Faults {
    return this.around.faults;
  }

  get http(): HttpDraft {
    return this.#need(this.drafts.http, 'http');
  }

  get server(): ServerDraft {
    return this.#need(this.drafts.server, 'server');
  }

  get location(): LocationDraft {
    return this.#need(this.drafts.location, 'location');
  }

  get match(): MatchDraft {
    return this.#need(this.drafts.match, 'match');
  }

  get pool(): PoolDraft {
    return this.#need(this.drafts.pool, 'upstream');
  }

  get l4(): L4Draft {
    return this.#need(this.drafts.l4, 'l4');
  }

  get virtualServer(): VirtualServerDraft {
    return this.#need(this.drafts.virtualServer, 'virtual_server');
  }

  get cluster(): ClusterDraft {
    return this.#need(this.drafts.cluster, 'cluster');
  }

  get instance(): InstanceDraft {
    return this.#need(this.drafts.instance, 'vrrp_instance');
  }

  get script(): ScriptDraft {
    return this.#need(this.drafts.script, 'vrrp_script');
  }

  get syncGroup(): SyncGroupDraft {
    return this.#need(this.drafts.syncGroup, 'sync_group');
  }

  get flowSync(): FlowSyncDraft {
    return this.#need(this.drafts.flowSync, 'flow_sync');
  }

  get sessionStore(): SessionStoreDraft {
    return this.#need(this.drafts.sessionStore, 'session_store');
  }

  get heartbeat(): HeartbeatDraft {
    return this.#need(this.drafts.heartbeat, 'heartbeat');
  }

  get api(): ApiDraft {
    return this.#need(this.drafts.api, 'api');
  }

  get exporter(): ExporterDraft {
    return this.#need(this.drafts.exporter, 'otel_exporter');
  }

  get oidc(): OidcDraft {
    return this.#need(this.drafts.oidc, 'oidc');
  }

  get acmeIssuer(): AcmeIssuerDraft {
    return this.#need(this.drafts.acmeIssuer, 'acme_issuer');
  }

  get gslb(): GslbDraft {
    return this.#need(this.drafts.gslb, 'gslb');
  }

  get gslbZone(): ZoneDraft {
    return this.#need(this.drafts.gslbZone, 'zone');
  }

  get gslbRecord(): RecordDraft {
    return this.#need(this.drafts.gslbRecord, 'record');
  }

  /** Gives this block its own value of some settings. */
  set<K extends keyof Settings>(slice: K, values: Partial<Writable<Settings[K]>>): void {
    Object.assign(this.#ownSlice(slice), values);
  }

  /** Appends to a list that this block overrides as a whole. */
  append<K extends keyof Settings, L extends keyof Settings[K]>(
    slice: K,
    list: L,
    item: Settings[K][L] extends readonly (infer I)[]
      ? I
      : Exclude<Settings[K][L], string> extends readonly (infer J)[]
        ? J
        : never,
  ): void {
    const own: Partial<Record<L, unknown>> = this.#ownSlice(slice);
    const before = own[list];
    if (Array.isArray(before) && this.#lists?.has(before)) before.push(item);
    else {
      own[list] = Array.isArray(before) ? [...before, item] : [item];
      (this.#lists ??= new Set()).add(own[list]);
    }
  }

  /** The settings of one family that this block gives itself; made here, and shared with no other block. */
  #ownSlice<K extends keyof Settings>(slice: K): NonNullable<OwnSettings[K]> {
    return (this.own[slice] ??= {});
  }

  /** Reads variables out of a text and remembers that they are used. */
  template(text: string, site: Site): Template {
    if (!text.includes('$')) return text;
    const known = this.drafts.http?.templates.get(text);
    if (known !== undefined) return known;
    try {
      const template = parseTemplate(text);
      for (const [name, place] of variablesIn(text, site)) this.use(name, place);
      this.drafts.http?.templates.set(text, template);
      return template;
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      throw new ArgumentFault(error.message, error.hint, site);
    }
  }

  /** Remembers that a variable is named, so that an unknown one is found at the end. */
  use(name: string, site: Site): void {
    const used = this.drafts.http?.used;
    if (used && !used.has(name)) used.set(name, site);
  }

  /**
   * Makes a variable that requests may write to (named groups, auth_request_set; `set` makes weak ones), unless the
   * configuration has one of that name already. @throws {ArgumentFault} for a built-in one that may not be written to
   */
  declare(name: string, weak = false): void {
    refuseReserved(name);
    const variables = this.drafts.http?.variables;
    const known = variables?.get(name);
    if (isSettableVariable(name) || (known && (weak || known.kind !== 'set' || !known.weak))) return;
    variables?.set(name, { kind: 'set', name, weak });
  }

  /** Makes a variable that has a rule; as in nginx it takes the place of one of the same name. @throws {ArgumentFault} */
  define(variable: UserVariable): void {
    refuseReserved(variable.name);
    this.http.variables.set(variable.name, variable);
  }

  /** Translates a regular expression and declares its named groups. @throws {ArgumentFault} */
  pattern(text: string, ignoreCase: boolean, site: Site): Pattern {
    try {
      const pattern = translatePattern(text, ignoreCase);
      for (const name of pattern.names) this.declare(name.toLowerCase());
      return pattern;
    } catch (error) {
      if (!(error instanceof PatternFault)) throw error;
      const message = `"${text}" is not a regular expression that moat can run: ${error.message}`;
      throw new ArgumentFault(message, undefined, site);
    }
  }

  /** An absolute path for content and logs. */
  prefixPath(path: string): string {
    return path.startsWith('/') ? path : this.around.prefix + path;
  }

  /** An absolute path for certificates, password files and includes. */
  confPath(path: string): string {
    return path.startsWith('/') ? path : this.around.confDir + path;
  }

  /** Reads a file that the configuration names. @throws {ArgumentFault} with the reason */
  readFile(path: string): string {
    try {
      return this.around.source.read(this.confPath(path));
    } catch (error) {
      throw new ArgumentFault(`cannot read ${this.confPath(path)}: ${(error as Error).message}`);
    }
  }

  /** Registers a shared zone, or finds that the name is taken by another kind or size. */
  zone(name: string, kind: string, bytes: number, site: Site): void {
    const known = this.http.zones.get(name);
    if (!known) this.http.zones.set(name, { kind, bytes, site });
    else if (known.kind !== kind)
      throw new ArgumentFault(
        `the zone "${name}" is already used by ${known.kind} on line ${known.site.line}`,
      );
    else if (known.bytes !== bytes)
      throw new ArgumentFault(`the zone "${name}" has the size ${known.bytes} on line ${known.site.line}`);
  }

  #need<T>(draft: T | undefined, what: string): T {
    if (!draft) throw new Error(`Cannot use the ${what} block from ${this.context}`);
    return draft;
  }
}

function refuseReserved(name: string): void {
  if (isReservedVariable(name))
    throw new ArgumentFault(`"$${name}" is built in and cannot be written to`, 'take another name');
}
