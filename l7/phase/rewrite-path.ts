/** `rewrite`: replaces the path, or sends the client elsewhere. */
import type { RewriteStep } from '#model/l7/rewrite.ts';
import { answerRedirect } from '../content/return.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { unescapeRedirect } from '../wire/h1/uri.ts';
import { argumentText, Matcher } from './captures.ts';
import { BREAK_OFF, type CompiledStep } from './program.ts';
import { NEXT } from './verdict.ts';

type Rewrite = Extract<RewriteStep, { step: 'rewrite' }>;
type Redirect = Extract<RewriteStep, { step: 'redirect' }>;

export function rewriteStep(step: Rewrite, compiler: Compiler): CompiledStep {
  const { keepArgs, flag } = step;
  const matches = matching(step, compiler);
  const { text, variables } = compiler;
  const path = text(step.path);
  const args = step.args === undefined ? undefined : argumentText(step.args, variables);
  const logs = compiler.location.settings.rewrite.log;
  return exchange => {
    if (!matches(exchange)) return NEXT;
    exchange.internal = true;
    exchange.untouched = false;
    exchange.escapesCaptures = false;
    exchange.pathChanged = flag !== 'break';
    if (flag === 'break') exchange.prefixHolds = false;
    // The path first: variables in the arguments (a map of $uri) must still see the old one, and so must the path.
    const newPath = path(exchange);
    if (args) exchange.args = joined(args(exchange), keepArgs ? exchange.args : '');
    else if (!keepArgs) exchange.args = '';
    exchange.path = newPath;
    if (logs) exchange.log('notice', `rewritten data: "${newPath}", args: "${exchange.args}"`);
    if (newPath === '') {
      exchange.log('error', 'the rewritten URI has a zero length');
      return 500;
    }
    return flag === undefined ? NEXT : BREAK_OFF;
  };
}

export function redirectStep(step: Redirect, compiler: Compiler): CompiledStep {
  const { keepArgs, hasArgs, status } = step;
  const matches = matching(step, compiler);
  const target = argumentText(step.target, compiler.variables);
  const logs = compiler.location.settings.rewrite.log;
  return exchange => {
    if (!matches(exchange)) return NEXT;
    let location = unescapeRedirect(target(exchange));
    if (keepArgs && exchange.args !== '') location += (hasArgs ? '&' : '?') + exchange.args;
    if (logs) exchange.log('notice', `rewritten redirect: "${location}"`);
    return answerRedirect(exchange, status, location);
  };
}

/** Old arguments follow the new ones. */
const joined = (args: string, old: string) => (old === '' ? args : `${args}&${old}`);

function matching(
  { pattern, source }: Rewrite | Redirect,
  compiler: Compiler,
): (exchange: Exchange) => boolean {
  const matcher = new Matcher(pattern, compiler.variables);
  const logs = compiler.location.settings.rewrite.log;
  return exchange => {
    const found = matcher.matches(exchange, exchange.path);
    if (!found) exchange.captures = null;
    if (logs)
      exchange.log('notice', `"${source}" ${found ? 'matches' : 'does not match'} "${exchange.path}"`);
    return found;
  };
}
