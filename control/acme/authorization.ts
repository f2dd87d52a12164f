/** Authorizations of an order (RFC 8555 §7.1.4, §7.5): what is to be proved, and whether it was. */
import type { AcmeChallenge, AcmeIdentifier } from '#model/l7/acme.ts';
import { AcmeFault, plain, problemIn } from './fault.ts';
import { watch } from './patience.ts';
import { objectIn, recordOf, type Session } from './session.ts';
import { secureUrl } from './wire.ts';

/** 128 bits at least (RFC 8555 §8.1), and no more than a path may have. */
const TOKEN = /^[\w-]{22,256}$/;

/** What is still to be proved. */
export interface Demand {
  readonly authorization: string;
  /** A wildcard without its asterisk. */
  readonly identifier: AcmeIdentifier;
  /** Where to say that the answer is there. */
  readonly challenge: string;
  readonly token: string;
}

interface Authorization {
  readonly status: string;
  readonly challenges: readonly Record<string, unknown>[];
  readonly identifier: Record<string, unknown>;
}

/** @returns undefined for one that is proved already @throws {AcmeFault} */
export async function demandOf(
  session: Session,
  url: string,
  kind: AcmeChallenge,
  names: readonly AcmeIdentifier[],
): Promise<Demand | undefined> {
  const { status, challenges, identifier } = readAuthorization((await session.post(url)).text);
  if (status === 'valid') return undefined;
  const ours = names.map(withoutAsterisk).find(({ value }) => value === identifier['value']);
  if (!ours)
    throw new AcmeFault(`the authority asks about "${plain(identifier['value'])}", which was not ordered`);
  if (status !== 'pending') throw refusal(ours, challenges, status);
  const found = challenges.find(({ type }) => type === kind);
  const offered = challenges.map(({ type }) => plain(type)).join(', ');
  if (!found)
    throw new AcmeFault(`${ours.value}: the authority offers no ${kind}, but ${offered || 'nothing'}`);
  const { token, url: challenge } = found;
  if (typeof token !== 'string' || !TOKEN.test(token))
    throw new AcmeFault(`${ours.value}: the token is none`);
  return { authorization: url, identifier: ours, challenge: secureUrl(challenge), token };
}

/** Says that the answer is there, and waits for the verdict. @throws {AcmeFault} with what the authority has found */
export async function prove(
  session: Session,
  { authorization, identifier, challenge }: Demand,
  stop: AbortSignal,
): Promise<void> {
  await session.post(challenge, {});
  const { status, challenges } = await watch(
    async () => {
      const { text, retryAfterMs } = await session.post(authorization);
      return { found: readAuthorization(text), retryAfterMs };
    },
    found => found.status !== 'pending',
    `the verdict about ${identifier.value}`,
    stop,
  );
  if (status !== 'valid') throw refusal(identifier, challenges, status);
}

function readAuthorization(text: string): Authorization {
  const { status, challenges, identifier } = objectIn(text);
  const list = Array.isArray(challenges) ? challenges.slice(0, 32).map(recordOf) : [];
  return { status: plain(status), challenges: list, identifier: recordOf(identifier) };
}

function refusal(
  { value }: AcmeIdentifier,
  challenges: Authorization['challenges'],
  status: string,
): AcmeFault {
  const said = challenges.map(({ error }) => problemIn(error)).find(problem => problem !== undefined);
  return new AcmeFault(`${value} was not proved: ${said?.words ?? `the authorization is ${status}`}`, {
    type: said?.type,
  });
}

export const withoutAsterisk = ({ type, value }: AcmeIdentifier): AcmeIdentifier => ({
  type,
  value: value.replace(/^\*\./, ''),
});
