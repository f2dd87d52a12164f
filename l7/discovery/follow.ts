/** What following a source is. */
import type { Found } from './found.ts';

/** A text file, and what tells whether it is still the same. */
export interface FileText {
  readonly text: string;
  readonly stamp: string;
}

/** What a source needs of the world. */
export interface FollowHands {
  /** Whom the source names now, all of them, and who is none of them and why. @throws {Refusal} when it cannot be taken; what was taken before stays */
  readonly take: (found: readonly Found[], unclear?: readonly string[]) => void;
  /** Tells of a fault that following goes on after. */
  readonly fail: (fault: Error) => void;
  /**
   * Reads a file that the configuration names.
   *
   * @param known a stamp @returns undefined when the file still has it @throws {Error} with the reason
   */
  readonly read: (path: string, known?: string) => Promise<FileText | undefined>;
}

/**
 * Follows a source until it fails, there is no sense in going on, or `signal` says so. It is called again then, after a pause.
 *
 * @throws {Error} with the reason; `Refusal` when it is an answer that cannot be taken
 */
export type Follow = (hands: FollowHands, signal: AbortSignal) => Promise<void>;

/** The first line of a small file: a token. @throws {Error} that does not quote it */
export async function secretOf(
  path: string | undefined,
  hands: Pick<FollowHands, 'read'>,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const [secret = ''] = (await hands.read(path))!.text.trim().split('\n');
  if (/^[\x21-\x7e]{1,16384}$/.test(secret)) return secret;
  throw new Error(`"${path}" holds no token in its first line`);
}
