/** Certificates that authorities have issued, and the answers to what they ask, as they are now. */
import type { AcmeAnswer, AcmeNews, IssuedPair } from './news.ts';

export class AcmeShelf {
  readonly #pairs = new Map<string, IssuedPair>();
  readonly #http = new Map<string, string>();
  readonly #tls = new Map<string, Extract<AcmeAnswer, { kind: 'tls-alpn-01' }>>();
  #answers: readonly AcmeAnswer[] = [];
  #edition = 0;

  /** Another one when a certificate is another. */
  get edition(): number {
    return this.#edition;
  }

  /** Whether somebody may come and ask. */
  get awaits(): boolean {
    return this.#answers.length > 0;
  }

  take({ pairs = [], answers }: AcmeNews): void {
    for (const pair of pairs) {
      const before = this.#pairs.get(pair.id);
      this.#pairs.set(pair.id, pair);
      if (before?.certificate !== pair.certificate || before.key !== pair.key) this.#edition++;
    }
    if (answers) this.#await(answers);
  }

  #await(answers: readonly AcmeAnswer[]): void {
    this.#answers = answers;
    this.#http.clear();
    this.#tls.clear();
    for (const answer of answers)
      if (answer.kind === 'http-01') this.#http.set(answer.token, answer.text);
      else this.#tls.set(answer.name, answer);
  }

  /** @throws {Error} when there is none: control tells of one before a configuration names it */
  pair(id: string): IssuedPair {
    const found = this.#pairs.get(id);
    if (!found) throw new Error(`there is no certificate "${id}" yet`);
    return found;
  }

  /** @returns undefined for a token that nobody is asked about */
  httpAnswer(token: string): string | undefined {
    return this.#http.get(token);
  }

  /** @param name latin1, lower case */
  tlsAnswer(name: string): Extract<AcmeAnswer, { kind: 'tls-alpn-01' }> | undefined {
    return this.#tls.get(name);
  }

  /** For who begins with nothing. */
  all(): AcmeNews {
    return { pairs: [...this.#pairs.values()], answers: this.#answers };
  }
}
