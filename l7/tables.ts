/** What requests look things up in: built whole at each reload, never changed afterwards. */
import type { CoreSettings } from '#model/l7/core.ts';
import type { HttpModel, LocationModel, ServerModel } from '#model/l7/http.ts';
import type { Template } from '#model/template.ts';
import type { FilePaths } from './content/file-path.ts';
import type { Exchange } from './exchange.ts';
import type { ErrorLogger } from './log/error.ts';
import type { Traffic } from './metrics/traffic.ts';
import type { RewriteProgram } from './phase/program.ts';
import type { Phase } from './phase/verdict.ts';
import type { Response } from './response.ts';
import type { BrowserJudge } from './route/browsers.ts';
import type { LocationFinder } from './route/locations.ts';
import type { RefererJudge } from './route/referers.ts';
import type { ServerFinder } from './route/server-names.ts';
import type { SecureLink } from './secure-link.ts';
import type { TraceRules } from './trace/rules.ts';
import type { Pools } from './upstream/pools.ts';
import type { UserIds } from './user-id.ts';
import type { Text, VariableSpace } from './variable/space.ts';
import type { RefusedWatch } from './waf/refused.ts';
import type { HeadLimits } from './wire/h1/request-head.ts';
import type { Worker } from './worker.ts';
import type { ZoneShelf } from './zone/shelf.ts';

/** @returns a status when the response is not to be sent: the request ends with that instead */
// biome-ignore lint/suspicious/noConfusingVoidType: most filters refuse nothing, and should not have to say so
export type HeaderFilter = (exchange: Exchange, response: Response) => number | void;
export type RequestLog = (exchange: Exchange) => void;

export interface ErrorPageTable {
  readonly answer: number | 'target' | undefined;
  readonly target: Text;
}

export interface LocationTable {
  readonly model: LocationModel;
  readonly core: CoreSettings;
  readonly paths: FilePaths;
  readonly isValidReferer: RefererJudge;
  readonly isModernBrowser: BrowserJudge;
  readonly secureLink: SecureLink;
  readonly userIds: UserIds;
  /** Undefined: nobody is told of its requests, and their context goes on as it is. */
  readonly trace: TraceRules | undefined;
  readonly rewrite: RewriteProgram | undefined;
  /** preaccess, access, precontent, content: the last one answers. */
  readonly phases: readonly Phase[];
  readonly headerFilters: readonly HeaderFilter[];
  readonly logs: readonly RequestLog[];
  readonly errorLog: ErrorLogger;
  readonly errorPages: ReadonlyMap<number, ErrorPageTable>;
  readonly internal: boolean;
  /** An extended CONNECT of HTTP/2 may come here. */
  readonly acceptsTunnels: boolean;
  /** The path of the location, when a request for it without the slash at its end is redirected. */
  readonly autoRedirect: string | undefined;
  /** The value of Server, and the last line of moat's own pages; '' for none. */
  readonly serverToken: Text;
  readonly limitExcept:
    | { readonly methods: ReadonlySet<string>; readonly location: LocationTable }
    | undefined;
  /** Locations of `if` blocks. */
  readonly conditional: readonly LocationTable[];
}

export interface ServerTable {
  readonly model: ServerModel;
  readonly root: LocationTable;
  readonly headLimits: HeadLimits;
  /** post-read phases (answers to authorities, realip): they never wait. */
  readonly phases: readonly Phase[];
  /** What the firewall says of a request that gets no further than its head. */
  readonly watchRefused: RefusedWatch | undefined;
  readonly locations: LocationFinder;
  readonly named: ReadonlyMap<string, LocationTable>;
}

export interface Tables {
  readonly revision: number;
  readonly model: HttpModel;
  readonly variables: VariableSpace;
  readonly pools: Pools;
  /** The shared memory that this configuration asked for. */
  readonly zones: ZoneShelf;
  /** What is counted of requests and connections; its memory is the same for all configurations. */
  readonly traffic: Traffic;
  /** By listen key. */
  readonly listeners: ReadonlyMap<string, ServerFinder>;
}

/** What compile functions of phases and filters are handed. */
export interface Compiler {
  readonly tables: Tables;
  readonly variables: VariableSpace;
  /** The location being compiled. */
  readonly location: LocationModel;
  readonly server: ServerModel;
  readonly worker: Worker;
  text(template: Template): Text;
}
