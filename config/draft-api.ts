/** What the directives of the api block write into; config/resolve-api.ts turns it into the frozen model. */
import type { ApiListen, ApiModel } from '#model/api.ts';
import type { Writable } from './draft.ts';
import type { Site, Token } from './lex.ts';

export interface ApiListenDraft extends ApiListen {
  readonly place: Token;
}

export interface ApiDraft {
  readonly own: Partial<Writable<Pick<ApiModel, 'statePath' | 'auditLimitBytes' | 'console'>>>;
  readonly listens: ApiListenDraft[];
  readonly hosts: string[];
  certificate: Token | undefined;
  key: Token | undefined;
  readonly site: Site;
}

export const newApi = (site: Site): ApiDraft => ({
  ...{ own: {}, listens: [], hosts: [], site },
  certificate: undefined,
  key: undefined,
});
