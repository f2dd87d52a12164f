/** The process that speaks to an OpenID Connect provider: without root, and apart from the one that strangers talk to, so that breaking into that makes nobody an admin. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { leaveSignalsToParent, obey } from '#kit/obedience.ts';
import type { OidcModel } from '#model/api.ts';
import type { ProcessModel } from '#model/main.ts';
import { setUser } from '#native/identity.ts';
import { isAway, OidcClient, whyOf } from './client.ts';
import type { Failure, OidcAnswers, OidcDemand } from './questions.ts';

const UNPRIVILEGED_USER = 'nobody';
const USUAL = getCACertificates('default');

let known: { readonly model: OidcModel; readonly client: OidcClient } | undefined;
let isRoot = process.getuid?.() === 0;

function giveRootAway(user: ProcessModel['user']): void {
  if (!isRoot) return;
  if (user) setUser(user.name, user.group);
  else setUser(UNPRIVILEGED_USER);
  isRoot = false;
}

function clientOf(model: OidcModel): OidcClient {
  if (known && isDeepStrictEqual(known.model, model)) return known.client;
  setDefaultCACertificates(model.trusted === undefined ? USUAL : [...USUAL, model.trusted]);
  known = { model, client: new OidcClient(model, () => performance.now()) };
  return known.client;
}

async function work(demand: OidcDemand): Promise<OidcAnswers[OidcDemand['kind']] | Failure> {
  giveRootAway(demand.user);
  const client = clientOf(demand.provider);
  try {
    if (demand.kind === 'begin') return { url: await client.begin(demand.login) };
    if (demand.kind === 'leave') return { url: await client.leave(demand.leave) };
    return await client.finish(demand.login, demand.brought);
  } catch (fault) {
    return { failed: isAway(fault) ? 'away' : 'refused', why: whyOf(fault) };
  }
}

obey(work);
leaveSignalsToParent();
