/** A request's body, read by the processor that its type or a rule chose. */
import type { RequestFacts } from '../request.ts';
import type { Settings } from '../settings.ts';
import { type Entry, entry } from '../variable/variable.ts';
import { JsonFault, readJson } from './json.ts';
import { readMultipart } from './multipart.ts';
import { MultipartFault, type MultipartFlags, noFlags, type Part } from './multipart-part.ts';
import { XmlFault } from './xml-reader.ts';
import { readXml, type XmlElement } from './xml-tree.ts';

export const BODY_PROCESSORS = ['URLENCODED', 'MULTIPART', 'JSON', 'XML'] as const;
export type BodyProcessor = (typeof BODY_PROCESSORS)[number];

/** What reading the body gave; empty until it has been read. */
export class BodyFacts {
  processor: BodyProcessor | undefined;
  /** The raw bytes, where rules may see them as REQUEST_BODY. */
  text = '';
  lengthBytes = 0;
  /** Undefined when all went well. */
  error: string | undefined;
  args: readonly Entry[] = [];
  files: readonly Part[] = [];
  parts: readonly Part[] = [];
  flags: MultipartFlags | undefined;
  xml: XmlElement | undefined;
}

const PART_LIMIT = 1000;
const XML_NODE_LIMIT = 100_000;

/** The processor that a Content-Type calls for by itself; XML and JSON are chosen by rules (`ctl:requestBodyProcessor`). */
export function processorFor(contentType: string | undefined): BodyProcessor | undefined {
  const lower = contentType?.toLowerCase() ?? '';
  if (lower.startsWith('application/x-www-form-urlencoded')) return 'URLENCODED';
  return lower.startsWith('multipart/form-data') ? 'MULTIPART' : undefined;
}

const READERS: Record<
  BodyProcessor,
  (raw: string, facts: BodyFacts, request: RequestFacts, settings: Settings) => void
> = {
  URLENCODED(raw, facts, request) {
    facts.text = raw;
    facts.args = request.readArguments(raw);
  },
  MULTIPART: readForm,
  JSON(raw, facts, request, settings) {
    const args: Entry[] = [];
    facts.args = args;
    facts.text = raw;
    readJson(raw, settings.jsonDepthLimit, {
      argument: (name, value) => request.admit() && args.push(entry(name, value)) > 0,
    });
  },
  XML(raw, facts, _request, settings) {
    facts.xml = readXml(raw, { depth: settings.xmlDepthLimit, nodes: XML_NODE_LIMIT });
  },
};

function readForm(raw: string, facts: BodyFacts, request: RequestFacts, settings: Settings): void {
  const parts: Part[] = [];
  facts.flags = noFlags();
  facts.parts = parts;
  try {
    const limits = { parts: PART_LIMIT, files: settings.uploadFileLimit };
    readMultipart(raw, request.header('content-type') ?? '', limits, facts.flags, parts);
  } finally {
    const fields = parts.filter(part => part.filename === undefined && request.admit());
    facts.args = fields.map(part => entry(part.name, part.value));
    facts.files = parts.filter(part => part.filename !== undefined);
  }
}

/**
 * Fills `facts` from the raw bytes (one char a byte). A body that cannot be read is an error that rules see
 * (REQBODY_ERROR), and what was read until then stays visible.
 */
export function readRequestBody(
  raw: string,
  facts: BodyFacts,
  request: RequestFacts,
  settings: Settings,
): void {
  facts.lengthBytes = raw.length;
  const processor = facts.processor;
  if (!processor || raw === '') return;
  try {
    READERS[processor](raw, facts, request, settings);
  } catch (fault) {
    if (!(fault instanceof JsonFault || fault instanceof XmlFault || fault instanceof MultipartFault))
      throw fault;
    facts.error = `${processor} parsing error: ${fault.message}`;
  }
  if (request.argumentsExceeded) facts.error ??= 'More arguments than SecArgumentsLimit';
}
