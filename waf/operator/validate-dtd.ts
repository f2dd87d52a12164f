/** `@validateDTD`: XML that is not as a document type definition says. */
import { DtdFault, readDtd } from '../body/dtd.ts';
import { isValid } from '../body/dtd-validity.ts';
import { type Operator, OperatorFault } from './operator.ts';

export const validateDTD: Operator = {
  name: 'validateDTD',
  doc: 'Matches when the XML body is not as the DTD in a file says, or could not be read: SecRule XML "@validateDTD a.dtd".',
  compile(argument, context) {
    const file = argument.trim();
    if (file === '') throw new OperatorFault('the name of a file is missing');
    const dtd = definition(file, context.dataFile(file));
    return {
      match(_value, scope) {
        const document = scope.document();
        return document === undefined || !isValid(document, dtd);
      },
    };
  },
};

function definition(file: string, text: string): ReturnType<typeof readDtd> {
  try {
    return readDtd(text);
  } catch (fault) {
    if (!(fault instanceof DtdFault)) throw fault;
    throw new OperatorFault(`${file} is no DTD: ${fault.message}`, 'it has to be one file of declarations');
  }
}
