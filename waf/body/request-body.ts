/** A request's body, read by the processor that its type or a rule chose. */
import type { RequestFacts } from '../request.ts';
import type { Settings } from '../settings.ts';
import { type Entry, entry } from '../variable/variable.ts';
import { grpcMessages } from './grpc.ts';
import { JsonFault, readJson } from './json.ts';
import { readMultipart } from './multipart.ts';
import { MultipartFault, type MultipartFlags, noFlags, type Part } from './multipart-part.ts';
import { ProtobufFault, readProtobuf } from './protobuf.ts';
import { readXmlArguments } from './xml-arguments.ts';
import { XmlFault } from './xml-reader.ts';
import { readXml, type XmlElement } from './xml-tree.ts';

export const BODY_PROCESSORS = ['URLENCODED', 'MULTIPART', 'JSON', 'XML', 'GRPC', 'PROTOBUF'] as const;
export type BodyProcessor = (typeof BODY_PROCESSORS)[number];

/** What reading the body gave; empty until it has been read. */
export class BodyFacts {
  processor: BodyProcessor | undefined;
  /** The raw bytes, where rules may see them as REQUEST_BODY. */
  text = '';
  /** The raw bytes whatever their type, while a rule of the set asks for FULL_REQUEST. */
  raw = '';
  lengthBytes = 0;
  /** Undefined when all went well. */
  error: string | undefined;
  args: readonly Entry[] = [];
  files: readonly Part[] = [];
  parts: readonly Part[] = [];
  flags: MultipartFlags | undefined;
  xml: XmlElement | undefined;
  /** As SecParseXmlIntoArgs says, or ctl:parseXmlIntoArgs. */
  xmlArguments: Settings['xmlArguments'] = 'off';
}

/** What a body that cannot be read throws. */
const FAULTS = [JsonFault, XmlFault, MultipartFault, ProtobufFault];

const PART_LIMIT = 1000;
const XML_NODE_LIMIT = 100_000;

/** The processor that a Content-Type calls for by itself; XML and JSON are chosen by rules (`ctl:requestBodyProcessor`). */
export function processorFor(contentType: string | undefined): BodyProcessor | undefined {
  const lower = contentType?.trimStart().toLowerCase() ?? '';
  if (lower.startsWith('application/x-www-form-urlencoded')) return 'URLENCODED';
  if (lower.startsWith('multipart/form-data')) return 'MULTIPART';
  if (/^application\/grpc(?:-web)?(?:[+;\s]|$)/.test(lower)) return 'GRPC';
  return /^application\/(?:x-|vnd\.google\.)?protobuf(?:[;\s]|$)/.test(lower) ? 'PROTOBUF' : undefined;
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
    // Rules choose JSON for all that ends in +json; this one has lengths between.
    if (isGrpcJson(request)) return READERS.GRPC(raw, facts, request, settings);
    const args: Entry[] = [];
    facts.args = args;
    facts.text = raw;
    readJson(raw, settings.jsonDepthLimit, argumentsInto(args, request));
  },
  XML(raw, facts, request, settings) {
    const root = readXml(raw, { depth: settings.xmlDepthLimit, nodes: XML_NODE_LIMIT });
    if (facts.xmlArguments !== 'only') facts.xml = root;
    if (facts.xmlArguments === 'off') return;
    const args: Entry[] = [];
    facts.args = args;
    readXmlArguments(root, argumentsInto(args, request));
  },
  GRPC(raw, facts, request, settings) {
    const args: Entry[] = [];
    facts.args = args;
    const target = argumentsInto(args, request);
    const isJson = isGrpcJson(request);
    const coding = request.header('grpc-encoding')?.trim().toLowerCase() ?? '';
    for (const message of grpcMessages(raw, coding, settings.requestBodyNoFilesLimitBytes))
      if (isJson) readJson(message, settings.jsonDepthLimit, target);
      else readProtobuf(message, 'grpc', target);
  },
  PROTOBUF(raw, facts, request) {
    const args: Entry[] = [];
    facts.args = args;
    readProtobuf(raw, 'protobuf', argumentsInto(args, request));
  },
};

const isGrpcJson = (request: RequestFacts): boolean =>
  /^application\/grpc(?:-web)?\+json/i.test(request.header('content-type') ?? '');

const argumentsInto = (args: Entry[], request: RequestFacts) => ({
  argument: (name: string, value: string): boolean => request.admit() && args.push(entry(name, value)) > 0,
});

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
  if (settings.keepsRawBody) facts.raw = raw;
  const processor = facts.processor;
  if (!processor || raw === '') return;
  try {
    READERS[processor](raw, facts, request, settings);
  } catch (fault) {
    if (!FAULTS.some(kind => fault instanceof kind)) throw fault;
    facts.error = `${processor} parsing error: ${(fault as Error).message}`;
  }
  if (request.argumentsExceeded) facts.error ??= 'More arguments than SecArgumentsLimit';
}
