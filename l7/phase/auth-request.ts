/** `auth_request`: another location of this server says whether the request may pass. */
import { CLOSE_WITHOUT_ANSWER } from '../content/return.ts';
import { subrequest } from '../downstream/subrequest.ts';
import type { Exchange } from '../exchange.ts';
import type { BodySource, Response } from '../response.ts';
import { setterOf } from '../variable/set.ts';
import { ALLOWED, accessPhase, type CheckMaker } from './access.ts';
import { type Verdict, WAIT } from './verdict.ts';

const check: CheckMaker = ({ location, variables, text }, tell) => {
  const { authRequest: path, authRequestVariables } = location.settings.access;
  if (path === undefined) return undefined;
  const assignments = authRequestVariables.map(({ variable, value }) => ({
    set: setterOf(variable, variables),
    value: text(value),
  }));
  return exchange => {
    const child = subrequest(exchange, { path, args: '', method: 'GET' }, (answerer, response) => {
      exchange.setSource(undefined);
      for (const { set, value } of assignments) set(exchange, value(answerer));
      tell(exchange, judgement(exchange, answerer, response));
    });
    exchange.setSource(sourceOf(child));
    child.start();
    return WAIT;
  };
};

/** A client that goes away ends the question too. */
const sourceOf = (child: Exchange): BodySource => ({
  pause() {},
  resume() {},
  cancel: () => child.abort(499),
});

function judgement(exchange: Exchange, answerer: Exchange, response: Response | undefined): Verdict {
  const status = response?.status ?? 0;
  if (status >= 200 && status < 300) return ALLOWED;
  if (status === 403) return status;
  if (answerer.failedStatus === CLOSE_WITHOUT_ANSWER) return CLOSE_WITHOUT_ANSWER;
  if (status !== 401) {
    exchange.log('error', `auth request unexpected status: ${status}`);
    return 500;
  }
  const own = response?.headers.all('www-authenticate') ?? [];
  const challenges = own.length > 0 ? own : (answerer.upstreamHeaders?.all('www-authenticate') ?? []);
  exchange.challenges = [...exchange.challenges, ...challenges];
  return status;
}

export const authRequestPhase = accessPhase('authRequestPhase', check);
