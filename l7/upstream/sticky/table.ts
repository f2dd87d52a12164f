/** Every kind of session, by its name in the model. */
import type { StickyModel } from '#model/l7/upstream.ts';
import { stickyCookie } from './cookie.ts';
import { stickyLearn } from './learn.ts';
import { stickyRoute } from './route.ts';
import type { Sticky, StickyMaker, StickyMeans } from './sticky.ts';

const STICKY: { readonly [K in StickyModel['kind']]: StickyMaker<K> } = {
  cookie: stickyCookie,
  route: stickyRoute,
  learn: stickyLearn,
};

export function makeSticky(model: StickyModel, means: StickyMeans): Sticky {
  return STICKY[model.kind](model as never, means);
}
