/** Objects of Kubernetes as they are held: what is needed of them, and nothing of their status. */
import { type Fields, fieldsOf, listOrNone, Refusal, textOf } from '../discovery/answer.ts';
import type { Kind } from './resources.ts';

export interface Held {
  /** '' of objects of the cluster. */
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`, or the name. */
  readonly id: string;
  /** As the API server writes it: texts in the order of time. */
  readonly created: string;
  readonly annotations: Fields;
  readonly labels: Fields;
  readonly body: Fields;
  /** As JSON. */
  readonly bytes: number;
}

export type Objects = Readonly<Record<Kind, ReadonlyMap<string, Held>>>;

/** Longer than the API server lets any be. */
const MOST_NAME = 253;
/** A larger one is held without its inside, and is left out as one that is faulty. */
const MOST_BYTES = 256 << 10;

/** @throws {Refusal} when it is no object */
export function heldOf(value: unknown): Held {
  const { metadata, status: _, ...body } = fieldsOf(value, 'an object');
  const { namespace = '', name, creationTimestamp, annotations, labels } = fieldsOf(metadata, 'metadata');
  const texts = {
    name: textOf(name, 'metadata.name'),
    namespace: textOf(namespace, 'metadata.namespace'),
  };
  if (texts.name.length > MOST_NAME || texts.namespace.length > MOST_NAME)
    throw new Refusal('the name of an object is too long');
  const bytes = JSON.stringify(body).length;
  return {
    ...texts,
    id: idOf(texts.namespace, texts.name),
    created: typeof creationTimestamp === 'string' ? creationTimestamp.slice(0, 40) : '',
    annotations: fieldsOf(annotations ?? {}, 'metadata.annotations'),
    labels: fieldsOf(labels ?? {}, 'metadata.labels'),
    body: bytes > MOST_BYTES ? {} : body,
    bytes: Math.min(bytes, MOST_BYTES),
  };
}

export const idOf = (namespace: string, name: string): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/** The order in which objects go before others: the oldest first, then by name. */
export const byAge = (a: Held, b: Held): number =>
  a.created === b.created ? compare(a.id, b.id) : compare(a.created, b.created);

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** @throws {Refusal} */
export function specOf({ body, bytes }: Held): Fields {
  if (bytes === MOST_BYTES) throw new Refusal(`it is longer than ${MOST_BYTES >> 10} KB`);
  return fieldsOf(body['spec'], 'spec');
}

/** @throws {Refusal} */
export const textOrNone = (value: unknown, where: string): string | undefined =>
  value === undefined || value === null ? undefined : textOf(value, where);

/** The fields of each entry. @throws {Refusal} when there are too many, or one is none */
export function entriesOf(value: unknown, where: string, most: number): Fields[] {
  const list = listOrNone(value, where);
  if (list.length > most) throw new Refusal(`${where} has more than ${most} entries`);
  return list.map((one, at) => fieldsOf(one, `${where}[${at}]`));
}
