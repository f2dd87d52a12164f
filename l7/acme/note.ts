/** What the nodes of a cluster tell each other about certificates of authorities. Who wrote it knows what it means: control does. */

export const ACME_NOTES = ['pair', 'account', 'answers', 'claim', 'heard'] as const;

export interface AcmeNote {
  readonly kind: (typeof ACME_NOTES)[number];
  /** What it is about; up to 255 bytes. One of the same kind takes its place. */
  readonly id: string;
  /** latin1, up to 128 KiB. It may hold keys: never to be printed. */
  readonly text: string;
}

export const isAcmeNoteKind = (text: string): text is AcmeNote['kind'] =>
  ACME_NOTES.some(kind => kind === text);
