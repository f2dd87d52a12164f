/** What a schema says of elements and attributes (XML Schema, part 1, section 3). */
import type { ContentModel } from './content-model.ts';
import type { SimpleType } from './simple-type.ts';

export type Process = 'strict' | 'lax' | 'skip';

export interface Wildcard {
  /** Whether it takes names of this namespace. */
  takes(namespace: string): boolean;
  readonly process: Process;
}

export interface AttributeUse {
  readonly type: SimpleType;
  readonly isRequired: boolean;
  /** Normalized. */
  readonly fixed: string | undefined;
}

export interface ComplexType {
  readonly kind: 'complex';
  readonly base: Type | undefined;
  readonly isAbstract: boolean;
  /** Text may stand between elements. */
  readonly isMixed: boolean;
  /** A text, elements, or nothing. */
  readonly content: SimpleType | ContentModel | undefined;
  /** By `{uri}name`. */
  readonly attributes: ReadonlyMap<string, AttributeUse>;
  readonly anyAttribute: readonly Wildcard[];
}

export type Type = SimpleType | ComplexType;

export interface ElementDeclaration {
  /** `{uri}name`. */
  readonly name: string;
  readonly type: Type;
  readonly isAbstract: boolean;
  readonly isNillable: boolean;
  readonly fixed: string | undefined;
  readonly hasDefault: boolean;
}

export interface Schema {
  readonly elements: ReadonlyMap<string, ElementDeclaration>;
  readonly attributes: ReadonlyMap<string, AttributeUse>;
  type(name: string): Type | undefined;
}
