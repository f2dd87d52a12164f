/** `@validateSchema`: XML that is not as an XML schema says. */
import { SchemaFault } from '../schema/names.ts';
import { readSchema } from '../schema/reader.ts';
import { isSchemaValid } from '../schema/validity.ts';
import { type Operator, type OperatorContext, OperatorFault } from './operator.ts';

export const validateSchema: Operator = {
  name: 'validateSchema',
  doc: 'Matches when the XML body is not as the XML schema in a file says, or could not be read: SecRule XML "@validateSchema a.xsd".',
  compile(argument, context) {
    const file = argument.trim();
    if (file === '') throw new OperatorFault('the name of a file is missing');
    const schema = schemaOf(file, context);
    return {
      match(_value, scope) {
        const document = scope.document();
        return document === undefined || !isSchemaValid(document, schema);
      },
    };
  },
};

function schemaOf(file: string, context: OperatorContext): ReturnType<typeof readSchema> {
  try {
    return readSchema(file, context);
  } catch (fault) {
    if (!(fault instanceof SchemaFault)) throw fault;
    throw new OperatorFault(
      `the schema ${file} cannot be used: ${fault.message}`,
      'say it otherwise, or leave the rule out: docs/reference/waf-differences.md tells what is not understood',
    );
  }
}
