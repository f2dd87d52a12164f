/** What the directives of the api block write into; config/resolve-api.ts turns it into the frozen model. */
import type { AlertRule, ApiListen, ApiModel, NotifyModel, OidcModel, OidcRole } from '#model/api.ts';
import type { Writable } from './draft.ts';
import type { Site, Token } from './lex.ts';

export interface ApiListenDraft extends ApiListen {
  readonly place: Token;
}

export interface OidcDraft {
  readonly issuer: string;
  readonly own: Partial<Writable<Omit<OidcModel, 'issuer' | 'roles'>>>;
  readonly roles: OidcRole[];
  readonly site: Site;
}

export interface ApiDraft {
  readonly own: Partial<Writable<Pick<ApiModel, 'statePath' | 'auditLimitBytes' | 'console'>>>;
  readonly listens: ApiListenDraft[];
  readonly hosts: string[];
  readonly alerts: AlertRule[];
  readonly alertsOff: string[];
  readonly notify: NotifyModel[];
  certificate: Token | undefined;
  key: Token | undefined;
  oidc: OidcDraft | undefined;
  readonly site: Site;
}

export const newOidc = (issuer: string, site: Site): OidcDraft => ({ issuer, own: {}, roles: [], site });

export const newApi = (site: Site): ApiDraft => ({
  ...{ own: {}, listens: [], hosts: [], alerts: [], alertsOff: [], notify: [], site },
  certificate: undefined,
  key: undefined,
  oidc: undefined,
});
