/** What Node's Buffer has and its types leave out: the quick way from bytes to a one-byte string. */
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
  }
}

export {};
