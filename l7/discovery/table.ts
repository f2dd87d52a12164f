/** How each kind of source is followed. */
import type { DiscoveryModel } from '#model/l7/discovery.ts';
import { followConsul } from './consul.ts';
import { followDocker } from './docker.ts';
import { followFile } from './file.ts';
import type { Follow } from './follow.ts';
import { followKubernetes } from './kubernetes.ts';

const FOLLOWS: {
  readonly [K in DiscoveryModel['kind']]: (model: DiscoveryModel & { readonly kind: K }) => Follow;
} = {
  file: followFile,
  consul: followConsul,
  kubernetes: followKubernetes,
  docker: followDocker,
};

export const followOf = (model: DiscoveryModel): Follow =>
  (FOLLOWS[model.kind] as (model: DiscoveryModel) => Follow)(model);
