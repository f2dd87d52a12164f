/** Directives without effect here (moat does the thing another way, and no rule grows weaker), and refused ones. */
import { RuleFault } from '../../diagnostic.ts';
import type { SecDirective } from './directive.ts';

const without = (name: string, why: string): SecDirective => ({
  name,
  doc: `Without effect: ${why}.`,
  args: [0, 100],
  apply: () => undefined,
});

const refused = (name: string, why: string): SecDirective => ({
  name,
  doc: `Refused: ${why}.`,
  args: [0, 100],
  apply() {
    throw new RuleFault('unsupported', `${name} is not supported`, why);
  },
});

const NO_FILES =
  'the engine writes no files; the audit log is set in moat.conf, by waf_audit_log FILE [concurrent=DIR]';
const NO_FETCHING =
  'rules are files: take a release by moat waf fetch-crs and name its folder by waf_rules crs=DIR';
const NO_LIMIT = 'patterns are matched in linear time and need no limit';

export const PASSED_OVER_DIRECTIVES: readonly SecDirective[] = [
  without('SecPcreMatchLimit', NO_LIMIT),
  without('SecPcreMatchLimitRecursion', NO_LIMIT),
  without('SecRxPreFilter', 'patterns are always filtered by their literals'),
  without('SecTmpDir', NO_FILES),
  without('SecDataDir', NO_FILES),
  without('SecUploadDir', NO_FILES),
  without('SecUploadKeepFiles', NO_FILES),
  without('SecUploadFileMode', NO_FILES),
  without('SecTmpSaveUploadedFiles', NO_FILES),
  without('SecRequestBodyInMemoryLimit', NO_FILES),
  without('SecAuditLog', NO_FILES),
  without('SecAuditLog2', NO_FILES),
  without('SecAuditLogType', NO_FILES),
  without('SecAuditLogFormat', 'the audit log is JSON'),
  without('SecAuditLogStorageDir', NO_FILES),
  without('SecAuditLogDirMode', NO_FILES),
  without('SecAuditLogFileMode', NO_FILES),
  without('SecDebugLog', NO_FILES),
  without('SecDebugLogLevel', NO_FILES),
  without('SecStatusEngine', 'moat reports to nobody'),
  without('SecServerSignature', 'set by server_tokens in moat.conf'),
  without('SecCacheTransformations', 'each value is transformed once'),
  without('SecRulePerfTime', 'use moat waf explain'),
  without('SecInterceptOnError', 'a fault of the engine refuses the request unless moat.conf says otherwise'),
  without('SecDisableBackendCompression', 'set by proxy_set_header in moat.conf'),
  without('SecRuleInheritance', 'rules are inherited as moat.conf says'),
  without('SecXmlExternalEntity', 'external entities are always refused'),
  refused('SecRuleScript', 'rules run no scripts'),
  refused('SecRemoteRules', NO_FETCHING),
  refused('SecRemoteRulesFailAction', NO_FETCHING),
  refused('SecHashEngine', 'links are not signed'),
  refused('SecHashKey', 'links are not signed'),
  refused('SecHashParam', 'links are not signed'),
  refused('SecHashMethodRx', 'links are not signed'),
  refused('SecHashMethodPm', 'links are not signed'),
  refused('SecContentInjection', 'bodies are not written into: use sub_filter'),
  refused('SecStreamInBodyInspection', 'use SecRequestBodyAccess'),
  refused('SecStreamOutBodyInspection', 'use SecResponseBodyAccess'),
  refused('SecGuardianLog', 'use limit_ban'),
  refused('SecChrootDir', 'use the user directive of moat.conf'),
  refused('SecCookieV0Separator', 'cookies are parted by semicolons, as all browsers send them'),
  refused('SecGsbLookupDb', 'the service is no more'),
  refused('SecConnEngine', 'use limit_conn'),
  refused('SecConnReadStateLimit', 'use limit_conn'),
  refused('SecConnWriteStateLimit', 'use limit_conn'),
  refused('SecReadStateLimit', 'use limit_conn'),
  refused('SecWriteStateLimit', 'use limit_conn'),
];
