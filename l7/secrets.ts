/** What must stay secret and the same while processes come and go: keys of sticky cookies and of session tickets. */
import { drawSecret } from './shared.ts';
import { newTicketSeed, TicketRing, type TicketSeed } from './tls/ticket-keys.ts';

/** Secrets as they are at a moment; plain data. */
export interface Secrets {
  /** Signs and hides what sticky cookies say; a latin1 string. */
  readonly sticky: string;
  readonly tickets: TicketSeed;
}

/** Keeps secrets without keeping what they were: ticket keys of hours past cannot be found out here. */
export class SecretKeeper {
  readonly #sticky: string;
  readonly #tickets: TicketRing;

  /** @param before those of whoever kept them before; absent: new ones */
  constructor(before: Secrets = { sticky: drawSecret(), tickets: newTicketSeed() }) {
    this.#sticky = before.sticky;
    this.#tickets = new TicketRing(before.tickets);
  }

  now(): Secrets {
    return { sticky: this.#sticky, tickets: this.#tickets.seed() };
  }
}
