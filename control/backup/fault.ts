/** Why an archive is not made, or not taken up: a code for programs, and a sentence for people. */

export const BACKUP_CODES = [
  'not-a-backup',
  'unknown-version',
  'wrong-passphrase',
  'altered',
  'malformed',
  'outside',
  'faulty',
  'too-large',
] as const;
export type BackupCode = (typeof BACKUP_CODES)[number];

export class BackupFault extends Error {
  readonly code: BackupCode;

  constructor(code: BackupCode, message: string) {
    super(message);
    this.code = code;
  }
}
