/** Writes the pages of docs/reference/ that are made from the tables of the language and of the API. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from '#config';
import { apiPage } from '../control/api/reference.ts';
import { ROUTES } from '../control/api/route/table.ts';

const folder = join(import.meta.dirname, '../docs/reference');
mkdirSync(folder, { recursive: true });
const pages = { ...referencePages(), 'api.md': apiPage(ROUTES) };
for (const [name, text] of Object.entries(pages)) writeFileSync(join(folder, name), text);
