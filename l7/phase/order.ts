/** The one list of phases, in the order that requests pass them. A row compiles to nothing where its directives are absent. */
import type { Compiler } from '../tables.ts';
import { accessEndPhase, accessStartPhase } from './access.ts';
import { addressPhase } from './access-address.ts';
import { acmeAnswerPhase } from './acme-answer.ts';
import { authBasicPhase } from './auth-basic.ts';
import { authRequestPhase } from './auth-request.ts';
import { challengePhase } from './challenge.ts';
import { csrfPhase } from './csrf.ts';
import { limitBanOfBodyPhase, limitBanPhase } from './limit-ban.ts';
import { limitConnPhase } from './limit-conn.ts';
import { limitReqPhase } from './limit-req.ts';
import { mirrorPhase } from './mirror.ts';
import { realipPhase } from './realip.ts';
import { tryFiles } from './try-files.ts';
import type { Phase } from './verdict.ts';
import { wafPhase } from './waf.ts';

export type PhaseMaker = (compiler: Compiler) => Phase | undefined;

/** Before a location is known (nginx's post-read). */
export const SERVER_PHASES: readonly PhaseMaker[] = [acmeAnswerPhase, realipPhase];

/** In the location: preaccess, access, precontent. Content follows; it is in content/table.ts. */
export const PHASES: readonly PhaseMaker[] = [
  realipPhase,
  limitBanPhase,
  limitReqPhase,
  limitConnPhase,
  accessStartPhase,
  addressPhase,
  authBasicPhase,
  authRequestPhase,
  accessEndPhase,
  csrfPhase,
  challengePhase,
  wafPhase,
  limitBanOfBodyPhase,
  tryFiles,
  mirrorPhase,
];
