/** Holds an answer back until the rules have looked at it: then it goes out whole, or another one in its place. */
import type { Verdict } from '../phase/verdict.ts';

/** What the inspection of an answer needs of its transaction; statuses are refusals, NEXT lets it go. */
export interface AnswerJudge {
  /** @param piece one char a byte @returns undefined while more of the body is wanted */
  piece(piece: string): Verdict | undefined;
  end(): Verdict;
}

export class AnswerGate {
  readonly #judge: AnswerJudge;
  #pieces: Buffer[] = [];

  constructor(judge: AnswerJudge) {
    this.#judge = judge;
  }

  /** What is held; it may be taken once. */
  take(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** @returns undefined: hold on; NEXT: what is held may go; a status: refused */
  write(data: Buffer): Verdict | undefined {
    this.#pieces.push(Buffer.from(data));
    return this.#judge.piece(data.latin1Slice());
  }

  end(): Verdict {
    return this.#judge.end();
  }
}
