/** Makes a finished model unchangeable. */
import { deepFreeze } from '#kit/freeze.ts';
import type { Model } from '#model/main.ts';

/**
 * Freezes all but the insides of servers, which may be ten thousand: to walk them takes 150 ms, a tenth of a reload.
 * Those are frozen where they are used, each when it is opened (l7/crate.ts).
 *
 * @returns the same model
 */
export function freezeModel(model: Model): Model {
  if (model.http) {
    for (const server of model.http.servers) Object.freeze(server);
    Object.freeze(model.http.servers);
  }
  return deepFreeze(model);
}
