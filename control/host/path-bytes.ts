/** A path as the file system takes it. */

/** @param path a latin1 string, as all text of configurations is */
export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');
