/** What a reader of another program's configuration gives: lines for moat, and what has to be said about them. */

/** A directive: its words as they mean, without quotes. */
export type Words = readonly string[];

export interface ImportedServer {
  /** Where it stands in the file that was read. */
  readonly line: number;
  /** Words after `virtual_server`. */
  readonly head: Words;
  readonly lines: readonly Words[];
}

/** A block that is no virtual server. */
export interface ImportedBlock {
  readonly line: number;
  readonly directive: string;
  readonly head: Words;
  readonly lines: readonly Words[];
}

/** `changed`: it means something else in moat, or a little less; `dropped`: moat has nothing like it, or not here. */
export interface Remark {
  readonly kind: 'changed' | 'dropped';
  /** It is about the firewall's rules, not about the file itself. */
  readonly isOfRules?: boolean;
  readonly line: number;
  readonly text: string;
}

export interface Imported {
  readonly servers: readonly ImportedServer[];
  /** The inside of a cluster block; undefined: there is none. */
  readonly cluster?: { readonly lines: readonly Words[]; readonly blocks: readonly ImportedBlock[] };
  readonly remarks: readonly Remark[];
}

/** Collects remarks; each is made once a line. */
export class Remarks {
  readonly list: Remark[] = [];

  changed(line: number, text: string): void {
    this.#add({ kind: 'changed', line, text });
  }

  dropped(line: number, text: string): void {
    this.#add({ kind: 'dropped', line, text });
  }

  /** A rule of the firewall. */
  rule(line: number, text: string): void {
    this.#add({ kind: 'dropped', isOfRules: true, line, text });
  }

  #add(remark: Remark): void {
    if (!this.list.some(one => one.line === remark.line && one.text === remark.text)) this.list.push(remark);
  }
}
