/** Sessions whose requests name the `route=` of their member. */
import { firstOf } from './first.ts';
import { type StickyMaker, UNBOUND } from './sticky.ts';

export const stickyRoute: StickyMaker<'route'> = (model, { text }) => {
  const values = model.values.map(text);
  let byRoute: ReadonlyMap<string | undefined, readonly number[]> = new Map();
  return {
    follow({ members }) {
      const indexes = members.map((_, index) => index);
      byRoute = Map.groupBy(indexes, index => members[index]!.model.route);
    },
    bound(exchange) {
      const route = firstOf(values, exchange);
      return route === '' ? UNBOUND : (byRoute.get(route) ?? UNBOUND);
    },
    answered() {},
    completed() {},
  };
};
