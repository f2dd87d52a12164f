/** Why an archive is not let through. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';
  readonly status: 403 | 413;

  /** @param message goes on with "the file ..." @param status 413 for what would be too large, unpacked */
  constructor(message: string, status: 403 | 413 = 403) {
    super(message);
    this.status = status;
  }
}

/** Names that lead out of the folder that an archive is unpacked in, on one system or another. */
export function checkName(name: string): void {
  const shown = JSON.stringify(name.slice(-100));
  if (/[\0-\x1f]/.test(name)) throw new ArchiveFault(`holds a name with a control character, ${shown}`);
  if (/^(?:[/\\]|[A-Za-z]:)/.test(name)) throw new ArchiveFault(`holds a name from the root, ${shown}`);
  if (name.split(/[/\\]/).includes('..'))
    throw new ArchiveFault(`holds a name that leads elsewhere, ${shown}`);
}
