/** The web application firewall: whether it looks, by which rules, and what it is told to leave alone. */
import { WAF_MODES } from '#model/l7/waf.ts';
import { DEFAULT_EVENTS_BYTES } from '#model/waf-event.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { BLOCKS } from './core-field.ts';
import { defineSetting } from './setting.ts';
import { wafCsrf } from './waf-csrf.ts';
import { wafExclude } from './waf-exclude.ts';
import { wafMask, wafMaskPattern } from './waf-mask.ts';
import { wafUpload } from './waf-upload.ts';

function absolute(source: string, scope: Scope): string {
  if (source === 'default' || source === 'crs') return source;
  return source.startsWith('crs=') ? `crs=${scope.confPath(source.slice(4))}` : scope.confPath(source);
}

const wafRules = defineDirective({
  name: 'waf_rules',
  context: BLOCKS,
  args: { sources: arg.text('a file, a pattern of files, crs, crs=DIR or default').rest() },
  doc: {
    summary:
      "Where the rules come from, in this order: files in ModSecurity's language, `crs` for the OWASP rules that Debian's package modsecurity-crs installs, `crs=DIR` for an unpacked release of them, `default` for moat's own.",
    default: 'waf_rules default;',
    example: 'waf_rules crs=/etc/moat/coreruleset-4.25.0 /etc/moat/own-rules/*.conf;',
    since: '0.1',
  },
  compile({ sources }, scope) {
    scope.set('waf', { rules: sources.map(source => absolute(source, scope)) });
  },
});

const wafThreshold = defineDirective({
  name: 'waf_threshold',
  context: BLOCKS,
  args: {
    inbound: arg.integer({ min: 1, max: 10_000 }),
    outbound: arg.integer({ min: 1, max: 10_000 }).optional(),
  },
  doc: {
    summary: 'The score at which a request is refused, and the one at which an answer is.',
    args: {
      inbound: 'Of a request; the OWASP rules take 5.',
      outbound: 'Of an answer; the OWASP rules take 4.',
    },
    example: 'waf_threshold 10 8;',
    since: '0.1',
  },
  compile({ inbound, outbound }, scope) {
    scope.set('waf', { inboundThreshold: inbound, outboundThreshold: outbound });
  },
});

const LEAST_STORE_BYTES = 1 << 20;

const wafBodyLimit = defineDirective({
  name: 'waf_body_limit',
  context: BLOCKS,
  args: { size: arg.size(), action: arg.oneOf(['reject', 'partial']).optional() },
  doc: {
    summary:
      'How much of a body is inspected, and what becomes of a longer one. The body is kept until all of it is there and judged, before a server sees a byte: forms, JSON, XML, gRPC and Protocol Buffers are read whole, since what comes last may change what came first. A client that waits for the server in the middle of its body (bidirectional streams of gRPC) needs a location with `waf off`, or a rule with `ctl:requestBodyAccess=Off` in phase 1.',
    args: {
      size: 'Without the directive the rules say it: 12.5 MB where they do not.',
      action: '`reject` answers 413; `partial` inspects the beginning and lets the rest pass.',
    },
    example: 'waf_body_limit 1m partial;',
    since: '0.1',
  },
  compile({ size, action }, scope) {
    scope.set('waf', { bodyLimitBytes: size, bodyLimitAction: action ?? 'reject' });
  },
});

const wafAuditLog = defineDirective({
  name: 'waf_audit_log',
  context: BLOCKS,
  args: { path: arg.text('a path or off'), concurrent: arg.text('a path').param() },
  doc: {
    summary:
      'A file that gets a line of JSON for each request in which a rule matched, with all that an operator needs to judge it.',
    args: {
      path: 'The file, or its index.',
      concurrent:
        'A folder in which each such request gets a file of its own, `20261128/20261128-0930/20261128-093015-ID`, as `SecAuditLogType Concurrent` has it; the log is the index then. It is made where it is missing, and belongs to the user of the workers.',
    },
    default: 'waf_audit_log off;',
    example: 'waf_audit_log /var/log/moat/waf.log;',
    since: '0.1',
  },
  compile({ path, concurrent }, scope) {
    if (path === 'off' && concurrent !== undefined)
      throw new ArgumentFault('there is no index for the files of concurrent=', 'name a file instead of off');
    scope.set('waf', {
      auditLog: path === 'off' ? undefined : scope.prefixPath(path),
      auditFolder: concurrent === undefined ? undefined : scope.prefixPath(concurrent),
    });
  },
});

const wafCollections = defineDirective({
  name: 'waf_collections',
  context: ['http'],
  args: { size: arg.size(), where: arg.oneOf(['local']).optional() },
  doc: {
    summary:
      'Shared memory for what rules keep beyond a request (`initcol`: IP, SESSION, USER, GLOBAL, RESOURCE). All workers count in the same records, and so do the other moats of a `session_store`, unless `local` says otherwise; a record holds 1 KB, and in a full memory the one written longest ago makes room. What is counted adds up over all moats, late by a tenth of a second; of two that set one value the later one is right.',
    default: 'waf_collections 32m;',
    example: 'waf_collections 128m;',
    since: '0.1',
  },
  compile({ size, where }, scope) {
    if (size < LEAST_STORE_BYTES)
      throw new ArgumentFault('the memory for collections is too small', 'give it 1m or more');
    scope.http.wafCollectionsBytes = size;
    scope.http.wafCollectionsShared = where === undefined;
  },
});

const wafEvents = defineDirective({
  name: 'waf_events',
  context: ['http'],
  args: { path: arg.text('a path or off'), size: arg.size().param() },
  doc: {
    summary:
      'Where requests in which rules matched are kept for `moat waf`: an SQLite file that only its owner can read, with what authenticates masked.',
    args: {
      path: 'The file; its folder is made when it is missing.',
      size: 'The most bytes of it; the oldest events go first. 64m if absent.',
    },
    default: 'waf_events logs/waf-events.db size=64m;',
    example: 'waf_events /var/lib/moat/waf-events.db size=256m;',
    since: '0.1',
  },
  compile({ path, size }, scope) {
    if (size !== undefined && size < LEAST_STORE_BYTES)
      throw new ArgumentFault('the event store is too small', 'give it 1m or more');
    scope.http.wafEvents =
      path === 'off' ? undefined : { path: scope.prefixPath(path), limitBytes: size ?? DEFAULT_EVENTS_BYTES };
  },
});

export const WAF = [
  defineSetting('waf', BLOCKS, 'waf', 'mode', arg.oneOf(WAF_MODES), {
    summary:
      'Whether requests are inspected: `block` refuses what the rules call an attack, `detect` only writes it down.',
    default: 'waf off;',
    example: 'waf block;',
  }),
  wafRules,
  defineSetting('waf_paranoia', BLOCKS, 'waf', 'paranoia', arg.integer({ min: 1, max: 4 }), {
    summary: 'How suspicious the OWASP rules are: 1 has few false alarms, 4 many.',
    example: 'waf_paranoia 2;',
  }),
  wafThreshold,
  wafExclude,
  wafCsrf,
  wafUpload,
  wafMask,
  wafMaskPattern,
  wafBodyLimit,
  defineSetting('waf_learn', BLOCKS, 'waf', 'learn', arg.flag(), {
    summary:
      'Whether moat learns of what requests consist: methods, media types, hosts, and the names of fields, cookies and parameters, each with how often it came, of how many clients, how often a rule took offence at it and how often the server took it. It is kept beside the events (`waf_events`); `moat waf learned` shows it, and `moat waf tune` tells false alarms from attacks by it. Where `waf` is on; with `waf detect` nobody is refused meanwhile.',
    default: 'waf_learn off;',
    example: 'waf_learn on;',
  }),
  defineSetting('waf_response', BLOCKS, 'waf', 'response', arg.flag(), {
    summary:
      'Whether answers are inspected too; their beginning is then held back until it has been looked at.',
    default: 'waf_response off;',
    example: 'waf_response on;',
  }),
  defineSetting('waf_on_fault', BLOCKS, 'waf', 'onFault', arg.oneOf(['block', 'pass']), {
    summary:
      'What becomes of a request when the inspection itself fails: refused with 500, or let through and written to the error log.',
    default: 'waf_on_fault block;',
    example: 'waf_on_fault pass;',
  }),
  wafAuditLog,
  wafCollections,
  wafEvents,
];
