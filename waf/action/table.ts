/** All actions, by name in lower case; and those that moat refuses, with the reason. */
import type { Action } from './action.ts';
import { CTL_ACTIONS } from './ctl.ts';
import { FLOW_ACTIONS } from './flow.ts';
import { MATCHING_ACTIONS } from './matching.ts';
import { META_ACTIONS } from './meta.ts';
import { SETVAR_ACTIONS } from './setvar.ts';

export const ACTIONS: ReadonlyMap<string, Action> = new Map(
  [...META_ACTIONS, ...FLOW_ACTIONS, ...MATCHING_ACTIONS, ...SETVAR_ACTIONS, ...CTL_ACTIONS].map(action => [
    action.name.toLowerCase(),
    action,
  ]),
);

/** Actions of ModSecurity that a rule may not use here. None is passed over: a rule would grow weaker in silence. */
export const REFUSED_ACTIONS: Readonly<Record<string, string>> = {
  append: 'bodies are not written into: use sub_filter',
  prepend: 'bodies are not written into: use sub_filter',
  proxy: 'requests are sent on by proxy_pass',
  exec: 'a stranger would start a program with each request: alerts and waf events tell of matches',
  pause: 'a thread that waits serves nobody: use limit_req',
  deprecatevar: 'use expirevar',
  sanitisearg: 'keep the part out of SecAuditLogParts instead',
  sanitisematched: 'keep the part out of SecAuditLogParts instead',
  sanitisematchedbytes: 'keep the part out of SecAuditLogParts instead',
  sanitiserequestheader: 'keep the part out of SecAuditLogParts instead',
  sanitiseresponseheader: 'keep the part out of SecAuditLogParts instead',
};
