/** What Node's Buffer has and its types leave out: the quick ways between bytes and one-byte strings. */
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

export {};
