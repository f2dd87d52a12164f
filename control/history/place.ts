/** Where the history of a configuration lies: a hidden folder beside its main file, which no glob of an include finds. */
import { basename, dirname } from 'node:path';

/** @param file the main file, a latin1 string @returns a latin1 string */
export const historyFolder = (file: string): string => `${dirname(file)}/.${basename(file)}.history`;

/** A path as the file system takes it. */
export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');

/** The files of a configuration, by path; latin1. */
export type Texts = ReadonlyMap<string, string>;
