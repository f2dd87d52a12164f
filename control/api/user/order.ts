/** What `moat user` has done on the control socket, which only root opens. */
import type { Asker } from '../desk/questions.ts';
import type { Role } from '../token/token.ts';
import type { Identity } from './identity.ts';
import type { UserChange } from './questions.ts';

export type UserOrder =
  | { readonly kind: 'list' }
  /** A link by which the first user gets in. */
  | { readonly kind: 'link' }
  | { readonly kind: 'add'; readonly name: string; readonly role: Role; readonly password: string }
  | ({ readonly kind: 'change'; readonly name: string } & UserChange)
  | { readonly kind: 'remove'; readonly name: string };

const ROOT: Asker = { who: 'socket', from: undefined, ifMatch: '*' };

/** @throws {Refusal} */
export function obey(identity: Identity, order: Exclude<UserOrder, { kind: 'link' }>): Promise<unknown> {
  switch (order.kind) {
    case 'list':
      return identity.ask('users', undefined, ROOT);
    case 'add':
      return identity.ask('user-add', order, ROOT);
    case 'change': {
      const { kind: _, ...change } = order;
      return identity.ask('user-change', change, ROOT);
    }
    case 'remove':
      return identity.ask('user-remove', order, ROOT);
  }
}
