/** The folder of reports: each twice, to be read by people and by programs; the oldest go. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../host/path-bytes.ts';
import { type DrillReport, isWell, markdownOf } from './report.ts';

const NAME = /^drill-\d{8}T\d{9}Z\.(md|json)(\.part)?$/;
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/**
 * Writes a report, and removes the oldest of this folder beyond `most`. Files of other names are nobody's business here.
 *
 * @param folder made when it is not there; latin1
 * @returns where the one for people lies
 * @throws {Error} of the file system
 */
export function keepReport(folder: string, report: DrillReport, most: number): string {
  mkdirSync(bytesOf(folder), { recursive: true, mode: FOLDER_MODE });
  const name = `drill-${new Date(report.beganAtMs).toISOString().replace(/[-:.]/g, '')}`;
  const path = join(folder, `${name}.md`);
  write(
    join(folder, `${name}.json`),
    `${JSON.stringify({ ...report, isWell: isWell(report) }, undefined, 2)}\n`,
  );
  write(path, markdownOf(report));
  forget(folder, most);
  return path;
}

/** Whole, or not there. */
function write(path: string, text: string): void {
  const part = bytesOf(`${path}.part`);
  writeFileSync(part, text, { mode: FILE_MODE });
  renameSync(part, bytesOf(path));
}

function forget(folder: string, most: number): void {
  const all = readdirSync(bytesOf(folder), 'latin1').filter(file => NAME.test(file));
  const stems = [...new Set(all.map(stemOf))].sort();
  const old = new Set(stems.slice(0, Math.max(0, stems.length - most)));
  for (const file of all) if (old.has(stemOf(file))) rmSync(bytesOf(join(folder, file)));
}

const stemOf = (file: string): string => file.slice(0, file.indexOf('.'));
