/** Settings of the web application firewall. */

/** `detect`: rules run and are written down, and nothing is refused. */
export const WAF_MODES = ['off', 'detect', 'block'] as const;
export type WafMode = (typeof WAF_MODES)[number];

export const MASK_KINDS = ['cards', 'keys', 'traces'] as const;
export type MaskKind = (typeof MASK_KINDS)[number];

/** What a request is spared. Path, target, method, type and host: undefined means all of them. */
export interface WafExclusion {
  /** The rules that are meant: a range of ids, both included, or those with a tag. */
  readonly rules:
    | { readonly kind: 'ids'; readonly first: number; readonly last: number }
    | { readonly kind: 'tag'; readonly tag: string };
  /** What the decoded path begins with. */
  readonly path: string | undefined;
  /** A variable of the rules with its selector (`ARGS:q`); undefined takes the whole rule out. */
  readonly target: string | undefined;
  /** The only method with which it counts. */
  readonly method: string | undefined;
  /** The only media type of a request's body with which it counts: lower case, without parameters. */
  readonly type: string | undefined;
  /** The only Host with which it counts: lower case, without a port. */
  readonly host: string | undefined;
}

/** The texts of a set of rules, read by control; whoever compiles them opens no file. */
export interface WafRuleTexts {
  /** `WafSettings.rules`, joined by spaces: who wants this set. */
  readonly key: string;
  /** A digest of all texts: equal sets need not be compiled again. */
  readonly digest: string;
  /** The files that are read first, in order. */
  readonly roots: readonly string[];
  /** By path, data files of rules too; latin1. */
  readonly texts: Readonly<Record<string, string>>;
  /** What patterns of `Include` named. */
  readonly globs: Readonly<Record<string, readonly string[]>>;
}

export const wafRulesKey = ({ rules }: WafSettings): string => rules.join(' ');

/** What an exclusion can name, and which variables of rules that is about. */
export const WAF_TARGETS = {
  param: ['ARGS', 'ARGS_GET', 'ARGS_POST', 'ARGS_NAMES', 'ARGS_GET_NAMES', 'ARGS_POST_NAMES'],
  header: ['REQUEST_HEADERS', 'REQUEST_HEADERS_NAMES'],
  cookie: ['REQUEST_COOKIES', 'REQUEST_COOKIES_NAMES'],
} as const;
export type WafTargetKind = keyof typeof WAF_TARGETS;

/** `type/subtype` without parameters (RFC 9110, section 8.3.1). */
export const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;

/** @param name without `'` */
export const wafTarget = (kind: WafTargetKind, name: string): string =>
  WAF_TARGETS[kind].map(variable => `${variable}:'${name}'`).join('|');

/** Requests that change something and come from pages of other sites. */
export interface CsrfSettings {
  readonly mode: WafMode;
  /** Name of the cookie, in lower case, that tells browsers of today from old ones; undefined: none is given. */
  readonly cookie: string | undefined;
  /** Other origins that may send such requests: scheme, host, and the port where it is not the scheme's own; lower case. */
  readonly trusted: readonly string[];
}

/** What files may be uploaded by forms; undefined: anything of that sort. */
export interface UploadSettings {
  /** Extensions in lower case, without the dot. */
  readonly types: readonly string[] | undefined;
  /** Bytes of a file. */
  readonly mostBytes: number | undefined;
  readonly archives: 'pass' | 'refuse' | ArchiveLimits;
  /** Who is asked about each file besides. */
  readonly scanner: { readonly at: ScannerAddress; readonly timeoutMs: number } | undefined;
}

/** What archives may be; what cannot be opened is refused. */
export interface ArchiveLimits {
  /** Of all that is in a file, in archives within it, too. */
  readonly unpackedBytes: number;
  readonly entries: number;
  /** The most that bytes may grow by unpacking. */
  readonly ratio: number;
  /** Archives within each other; 1: none. */
  readonly depth: number;
  /** Extensions of what may be in it, in lower case; undefined: anything that is what it says. */
  readonly inside: readonly string[] | undefined;
}

/** Where clamd listens. */
export type ScannerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export interface WafSettings {
  /** Undefined: files are looked at by rules only. */
  readonly upload: UploadSettings | undefined;
  readonly csrf: CsrfSettings;
  readonly mode: WafMode;
  /**
   * Where rules come from, in order: files, patterns of files, `crs` for the OWASP rules that Debian installs, `crs=DIR` for
   * an unpacked release. Empty: moat's own.
   */
  readonly rules: readonly string[];
  /** 1..4; undefined leaves it to the rules. */
  readonly paranoia: number | undefined;
  /** Scores at which a request, and an answer, is refused; undefined leaves it to the rules. */
  readonly inboundThreshold: number | undefined;
  readonly outboundThreshold: number | undefined;
  readonly exclusions: readonly WafExclusion[];
  /** Bytes of a body that are inspected; undefined leaves it to the rules. */
  readonly bodyLimitBytes: number | undefined;
  /** What happens to a longer body: refused, or inspected up to the limit. */
  readonly bodyLimitAction: 'reject' | 'partial';
  /** Whether it is written down of what requests consist, for `moat waf tune`. */
  readonly learn: boolean;
  /** What is covered in answers. */
  readonly masks: readonly MaskKind[];
  /** Regular expressions as they are written (PCRE). */
  readonly maskPatterns: readonly string[];
  /** Whether answers are inspected too. */
  readonly response: boolean;
  /** What becomes of a request when the engine itself fails. */
  readonly onFault: 'block' | 'pass';
  /** Where audit lines go, as JSON; undefined: nowhere. */
  readonly auditLog: string | undefined;
  /** A folder with a file for each request; the log is its index then. */
  readonly auditFolder: string | undefined;
}

export const WAF_DEFAULTS: WafSettings = {
  upload: undefined,
  csrf: { mode: 'off', cookie: undefined, trusted: [] },
  mode: 'off',
  rules: [],
  paranoia: undefined,
  inboundThreshold: undefined,
  outboundThreshold: undefined,
  exclusions: [],
  bodyLimitBytes: undefined,
  bodyLimitAction: 'reject',
  learn: false,
  masks: [],
  maskPatterns: [],
  response: false,
  onFault: 'block',
  auditLog: undefined,
  auditFolder: undefined,
};

/** Some thousand records of the persistent collections; memory is taken as they come. */
export const DEFAULT_COLLECTIONS_BYTES = 32 << 20;
