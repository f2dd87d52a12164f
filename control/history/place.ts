/** Where the history of a configuration lies: a hidden folder beside its main file, which no glob of an include finds. */
import { basename, dirname } from 'node:path';
import { bytesOf } from '../host/path-bytes.ts';

/** @param file the main file, a latin1 string @returns a latin1 string */
export const historyFolder = (file: string): string => `${dirname(file)}/.${basename(file)}.history`;

/** @param folder a latin1 string @returns a path as SQLite takes it */
export const databasePath = (folder: string): string => `${bytesOf(folder)}/history.db`;

/** The files of a configuration, by path; latin1. */
export type Texts = ReadonlyMap<string, string>;
