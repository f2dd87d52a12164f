/** What must stay secret and the same while processes come and go: keys of sticky cookies and of session tickets. */
import { drawSecret } from './shared.ts';
import { newTicketSeed, TicketRing, type TicketSeed } from './tls/ticket-keys.ts';

/** Secrets as they are at a moment; plain data. */
export interface Secrets {
  /** Signs and hides what sticky cookies say; a latin1 string. */
  readonly sticky: string;
  readonly tickets: TicketSeed;
  /** When the seed of the tickets was drawn, in ms since 1970: among the nodes of a cluster the oldest one holds. */
  readonly ticketsBornMs: number;
}

/** Keeps secrets without keeping what they were: ticket keys of hours past cannot be found out here. */
export class SecretKeeper {
  readonly #sticky: string;
  #tickets: TicketRing;
  #bornMs: number;

  /** @param before those of whoever kept them before; absent: new ones */
  constructor(
    before: Secrets = { sticky: drawSecret(), tickets: newTicketSeed(), ticketsBornMs: Date.now() },
  ) {
    this.#sticky = before.sticky;
    this.#tickets = new TicketRing(before.tickets);
    this.#bornMs = before.ticketsBornMs;
  }

  /** The keys of tickets are those of another node from now on. */
  adopt(tickets: TicketSeed, bornMs: number): void {
    this.#tickets = new TicketRing(tickets);
    this.#bornMs = bornMs;
  }

  now(): Secrets {
    return { sticky: this.#sticky, tickets: this.#tickets.seed(), ticketsBornMs: this.#bornMs };
  }
}
