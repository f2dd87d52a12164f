/** The account at an authority: found, or registered (RFC 8555 §7.3), with the binding that some want. */
import type { AcmeIssuer } from '#model/l7/acme.ts';
import { AcmeFault } from './fault.ts';
import { externalBinding } from './jose.ts';
import type { Session } from './session.ts';
import type { AcmeStore } from './store.ts';
import { secureUrl } from './wire.ts';

/** Has the session know its account from here on. @throws {AcmeFault} */
export async function openAccount(session: Session, issuer: AcmeIssuer, store: AcmeStore): Promise<void> {
  if (session.account !== undefined) return;
  const kept = store.account();
  if (kept?.uri === issuer.uri) session.account = secureUrl(kept.url);
  else await register(session, issuer, store);
  if (kept && kept.uri === issuer.uri && !isSame(kept.contacts, issuer.contacts))
    await tellContacts(session, issuer, store);
}

/** The authority has forgotten the account: another one is registered with the same key. */
export function forgetAccount(session: Session, store: AcmeStore): void {
  session.account = undefined;
  store.keepAccount(undefined);
}

async function register(session: Session, issuer: AcmeIssuer, store: AcmeStore): Promise<void> {
  const { newAccount, wantsExternalAccount, terms } = await session.directory();
  const { externalAccount, contacts, acceptsTerms } = issuer;
  if (wantsExternalAccount && !externalAccount)
    throw new AcmeFault('the authority wants an account that is there already: add external_account_key');
  const payload = {
    ...(acceptsTerms && { termsOfServiceAgreed: true }),
    ...(contacts.length > 0 && { contact: contacts }),
    ...(externalAccount && {
      externalAccountBinding: externalBinding(
        session.key,
        externalAccount.kid,
        externalAccount.key,
        newAccount,
      ),
    }),
  };
  try {
    const { field } = await session.post(newAccount, payload);
    const url = secureUrl(field('location'));
    session.account = url;
    store.keepAccount({ uri: issuer.uri, url, contacts });
  } catch (fault) {
    if (!(fault instanceof AcmeFault) || acceptsTerms || terms === undefined) throw fault;
    throw new AcmeFault(`${fault.message}: read ${terms} and add accept_terms_of_service`, fault);
  }
}

async function tellContacts(
  session: Session,
  { uri, contacts }: AcmeIssuer,
  store: AcmeStore,
): Promise<void> {
  const url = session.account!;
  await session.post(url, { contact: contacts });
  store.keepAccount({ uri, url, contacts });
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');
