/** The draft of the oidc block to its frozen model: what it lacks is told, the rest gets its defaults. */
import type { OidcModel } from '#model/api.ts';
import type { OidcDraft } from './draft-api.ts';
import type { Surroundings } from './scope.ts';

const DEFAULT_SCOPES = ['openid', 'profile'];

export function resolveOidc({ issuer, own, roles, site }: OidcDraft, { faults }: Surroundings): OidcModel {
  if (own.clientId === undefined)
    faults.error('incomplete', 'oidc has no client_id', site, 'add client_id, as the provider knows moat');
  if (roles.length === 0)
    faults.error(
      'incomplete',
      'oidc has no role: nobody could log in by it',
      site,
      'add a line: role admin GROUP',
    );
  return {
    ...{ clientId: '', clientSecret: undefined, scopes: DEFAULT_SCOPES, trusted: undefined },
    ...{ roleClaim: 'groups', nameClaim: 'preferred_username', label: 'OpenID Connect' },
    ...own,
    ...{ issuer, roles },
  };
}
