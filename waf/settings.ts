/** What directives set for all rules of a set: limits, what is read, what is written down. */
import type { CodePage } from './transform/url-decode.ts';

/** `detect`: rules run and are logged, and nothing is refused. */
export type EngineMode = 'on' | 'detect' | 'off';
export type AuditMode = 'on' | 'off' | 'relevant';
export type LimitAction = 'reject' | 'partial';

/** As directives and `ctl` spell them, in lower case. */
export const SWITCH_WORDS: Readonly<Record<string, boolean>> = { on: true, off: false };
export const ENGINE_WORDS: Readonly<Record<string, EngineMode>> = {
  on: 'on',
  off: 'off',
  detectiononly: 'detect',
};
export const AUDIT_WORDS: Readonly<Record<string, AuditMode>> = {
  on: 'on',
  off: 'off',
  relevantonly: 'relevant',
};

export const XML_ARGUMENT_WORDS: Readonly<Record<string, Settings['xmlArguments']>> = {
  on: 'on',
  off: 'off',
  onlyargs: 'only',
};

export interface Settings {
  engine: EngineMode;
  requestBodyAccess: boolean;
  responseBodyAccess: boolean;
  requestBodyLimitBytes: number;
  requestBodyNoFilesLimitBytes: number;
  requestBodyLimitAction: LimitAction;
  responseBodyLimitBytes: number;
  responseBodyLimitAction: LimitAction;
  /** In lower case; undefined inspects every type. */
  responseBodyTypes: Set<string> | undefined;
  /** Arrays and objects within each other. */
  jsonDepthLimit: number;
  xmlDepthLimit: number;
  /** Arguments of query and body together. Those beyond are not inspected one by one, and REQBODY_ERROR tells so. */
  argumentsLimit: number;
  uploadFileLimit: number;
  argumentSeparator: string;
  /** Whether texts in XML are arguments: no, besides the tree, or instead of it. */
  xmlArguments: 'off' | 'on' | 'only';
  /** Of SecUnicodeMapFile. */
  codePage: CodePage | undefined;
  /** Of a SecUnicodeMapFile that names none. */
  unicodePage: number;
  /** Whether a rule wants the raw body of any type (FULL_REQUEST). */
  keepsRawBody: boolean;
  /** 0: Netscape's cookies, as all browsers send them; 1: RFC 2109's with quotes and `$Version`. */
  cookieFormat: 0 | 1;
  collectionTimeoutSeconds: number;
  audit: AuditMode;
  auditParts: string;
  /** Statuses that make a transaction relevant, as a pattern. */
  auditRelevantStatus: string | undefined;
  /** Made of it once all has been read. */
  auditRelevant: ((status: string) => boolean) | undefined;
  components: string[];
  webAppId: string;
  /** The path of SecGeoLookupDb. */
  geoDatabase: string | undefined;
  sensorId: string;
  /** Names of httpbl.org begin with it. */
  httpBlKey: string | undefined;
}

/** As ModSecurity 3 has them when a directive is absent, but bounded where it has no bound. */
export const defaultSettings = (): Settings => ({
  engine: 'off',
  requestBodyAccess: true,
  responseBodyAccess: false,
  requestBodyLimitBytes: 13_107_200,
  requestBodyNoFilesLimitBytes: 1_048_576,
  requestBodyLimitAction: 'reject',
  responseBodyLimitBytes: 524_288,
  responseBodyLimitAction: 'reject',
  responseBodyTypes: undefined,
  jsonDepthLimit: 512,
  xmlDepthLimit: 512,
  argumentsLimit: 10_000,
  uploadFileLimit: 100,
  argumentSeparator: '&',
  xmlArguments: 'off',
  codePage: undefined,
  unicodePage: 20127,
  keepsRawBody: false,
  cookieFormat: 0,
  collectionTimeoutSeconds: 3600,
  audit: 'off',
  auditParts: 'ABCFHZ',
  auditRelevantStatus: undefined,
  auditRelevant: undefined,
  components: [],
  webAppId: 'default',
  geoDatabase: undefined,
  sensorId: '',
  httpBlKey: undefined,
});
