/** What the tables of all patterns of a thread may take together. */

export interface Tables {
  /** Gives up all states that are not in use. */
  flush(): void;
}

interface Account {
  readonly owner: WeakRef<Tables>;
  bytes: number;
}

/** Counts; the bytes are estimates of what V8 takes. */
export class TableMemory {
  readonly limitBytes: number;
  usedBytes = 0;
  /** How often all tables were flushed since the sum was reached. */
  sweeps = 0;
  readonly #accounts = new Set<Account>();
  readonly #gone = new FinalizationRegistry<Account>(account => this.#close(account));

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Opens an account for tables; it is closed when nobody holds them any more. */
  open(owner: Tables): Account {
    const account: Account = { owner: new WeakRef(owner), bytes: 0 };
    this.#accounts.add(account);
    this.#gone.register(owner, account);
    return account;
  }

  /** Books bytes. When the sum goes over the limit, the tables of all others are flushed first. */
  book(account: Account, bytes: number): void {
    account.bytes += bytes;
    this.usedBytes += bytes;
    if (bytes > 0 && this.usedBytes > this.limitBytes) this.#sweep(account);
  }

  #sweep(spared: Account): void {
    this.sweeps++;
    for (const account of this.#accounts) if (account !== spared) account.owner.deref()?.flush();
  }

  #close(account: Account): void {
    this.usedBytes -= account.bytes;
    this.#accounts.delete(account);
  }
}

export type { Account };
