/** What the directives write into while a file is checked; config/resolve.ts turns it into the frozen model. */
import type { ContentModel, ListenModel, LocationMatch, ServerCore, ServerName } from '#model/l7/http.ts';
import type { LogFormat } from '#model/l7/log.ts';
import type { RewriteStep } from '#model/l7/rewrite.ts';
import type { Settings } from '#model/l7/settings.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import type { UserVariable } from '#model/l7/variable.ts';
import type { ProcessModel } from '#model/main.ts';
import type { Site, Token } from './lex.ts';

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The settings a block gives itself; what is absent is inherited. */
export type OwnSettings = { [K in keyof Settings]?: Partial<Writable<Settings[K]>> };

export interface LocationDraft {
  match: LocationMatch;
  label: string;
  site: Site;
  own: OwnSettings;
  rewrite: RewriteStep[];
  content: ContentModel | undefined;
  internal: boolean;
  autoRedirect: boolean;
  limitExcept: { methods: readonly string[]; location: LocationDraft } | undefined;
  conditional: LocationDraft[];
  locations: LocationDraft[];
}

export interface ServerDraft {
  names: ServerName[];
  serverName: string;
  listens: { key: string; listen: ListenModel; site: Token }[];
  core: Partial<Writable<ServerCore>>;
  root: LocationDraft;
  site: Site;
}

export interface HttpDraft {
  own: OwnSettings;
  core: Partial<Writable<ServerCore>>;
  servers: ServerDraft[];
  pools: Map<string, PoolModel>;
  logFormats: Map<string, LogFormat>;
  variables: Map<string, UserVariable>;
  /** Every variable that was named, with the first place that named it. */
  used: Map<string, Site>;
  /** Shared zones by name: two directives of different kinds must not share one. */
  zones: Map<string, { kind: string; bytes: number; site: Site }>;
}

export interface MainDraft {
  process: Partial<Writable<ProcessModel>>;
  http: HttpDraft | undefined;
}

export function newLocation(match: LocationMatch, label: string, site: Site): LocationDraft {
  return {
    match,
    label,
    site,
    own: {},
    rewrite: [],
    content: undefined,
    internal: false,
    autoRedirect: false,
    limitExcept: undefined,
    conditional: [],
    locations: [],
  };
}

export function newHttp(): HttpDraft {
  return {
    own: {},
    core: {},
    servers: [],
    pools: new Map(),
    logFormats: new Map(),
    variables: new Map(),
    used: new Map(),
    zones: new Map(),
  };
}
