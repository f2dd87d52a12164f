/** Content that is neither a file nor a server: empty_gif. */
import { defineDirective } from '../registry.ts';

const emptyGif = defineDirective({
  name: 'empty_gif',
  context: ['location'],
  args: {},
  doc: {
    summary: 'Answers with a transparent picture of one pixel.',
    example: 'location = /_.gif { empty_gif; }',
    since: '0.1',
  },
  compile(_, scope) {
    scope.location.content = { kind: 'empty-gif' };
  },
});

export const STATIC = [emptyGif];
