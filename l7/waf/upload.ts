/** Files of forms: whether they may be uploaded, by extension, content, size, what is in them, and what a scanner says. */
import { Turns } from '#kit/turns.ts';
import type { ArchiveLimits, UploadSettings } from '#model/l7/waf.ts';
import type { Part } from '#waf';
import { quoted } from '../log/quoted.ts';
import { ArchiveFault } from './archive/fault.ts';
import { inspectArchive } from './archive/inspect.ts';
import { scan } from './clamd.ts';
import { archiveKind, contradiction, extensionOf } from './file-kinds.ts';

export interface UploadFault {
  readonly status: 403 | 413;
  readonly message: string;
}

const shown = (name: string): string => quoted(name.slice(-100));

/** One without content is no file: browsers send such for empty fields. */
const filesOf = (parts: readonly Part[]): (Part & { filename: string })[] =>
  parts.filter((part): part is Part & { filename: string } => part.length > 0 && part.filename !== undefined);

/** Of two names for one file servers take the one or the other. */
const namesOf = ({ filename, otherFilename }: Part & { filename: string }): string[] =>
  otherFilename === undefined ? [filename] : [filename, otherFilename];

/** The first file that may not be uploaded, by its name, size and first bytes. */
export function uploadFault(parts: readonly Part[], settings: UploadSettings): UploadFault | undefined {
  for (const file of filesOf(parts)) {
    const { length, start } = file;
    const name = shown(file.filename);
    if (settings.mostBytes !== undefined && length > settings.mostBytes)
      return { status: 413, message: `the file ${name} has ${length} bytes` };
    for (const filename of namesOf(file)) {
      const reason = reasonOf(filename, start, settings);
      if (reason !== undefined) return { status: 403, message: `the file ${shown(filename)} ${reason}` };
    }
  }
  return undefined;
}

function reasonOf(filename: string, start: string, { types, archives }: UploadSettings): string | undefined {
  if (/[\0-\x1f]/.test(filename)) return 'has a control character in its name';
  const extension = extensionOf(filename);
  if (types && !types.includes(extension)) return 'is of a type that is not taken';
  if (archives === 'refuse' && archiveKind(start)) return 'is an archive';
  return contradiction(extension, start);
}

/** Files of one thread that are unpacked, and that are scanned, at a time: each holds memory. */
const unpacking = new Turns(4);
const scanning = new Turns(16);

/** Whether files have to be looked into, which takes time. */
export function needsLook(parts: readonly Part[], { archives, scanner }: UploadSettings): boolean {
  const files = filesOf(parts);
  if (scanner) return files.length > 0;
  return typeof archives === 'object' && files.some(({ start }) => archiveKind(start) !== undefined);
}

/**
 * What is in the files, after `uploadFault` found nothing.
 *
 * @param isCut whether the body was longer than what is inspected
 * @returns a promise that fails where a scanner gives no answer
 */
export async function contentFault(
  parts: readonly Part[],
  { archives, scanner }: UploadSettings,
  isCut: boolean,
): Promise<UploadFault | undefined> {
  if (isCut) return { status: 413, message: 'files of a body that is longer than what is inspected' };
  for (const file of filesOf(parts)) {
    const { start, content } = file;
    const limits = typeof archives === 'object' && archiveKind(start) ? archives : undefined;
    if (!limits && !scanner) continue;
    const name = shown(file.filename);
    const bytes = Buffer.from(content, 'latin1');
    if (limits)
      for (const one of namesOf(file)) {
        const fault = await unpacking.take(() => archiveFault(one, bytes, limits));
        if (fault) return { status: fault.status, message: `the file ${name} ${fault.message}` };
      }
    if (!scanner) continue;
    const found = await scanning.take(() => scan(bytes, scanner.at, scanner.timeoutMs));
    if (found !== undefined) return { status: 403, message: `the file ${name} holds ${quoted(found)}` };
  }
  return undefined;
}

async function archiveFault(
  name: string,
  content: Buffer,
  limits: ArchiveLimits,
): Promise<ArchiveFault | undefined> {
  try {
    await inspectArchive(name, content, limits);
    return undefined;
  } catch (fault) {
    if (fault instanceof ArchiveFault) return fault;
    throw fault;
  }
}
