/** Members by the API server of Kubernetes: the EndpointSlices of a Service. */
import { type KubernetesDiscovery, POD_FOLDER } from '#model/l7/discovery.ts';
import { Refusal } from './answer.ts';
import { Caller } from './caller.ts';
import { readSlice } from './endpoint-slice.ts';
import { type Follow, secretOf } from './follow.ts';
import type { Found } from './found.ts';
import { followObjects } from './object-stream.ts';

export const followKubernetes =
  (model: KubernetesDiscovery): Follow =>
  async (hands, signal) => {
    const ca = model.caPath === undefined ? undefined : (await hands.read(model.caPath))?.text;
    const namespace = model.namespace ?? (await secretOf(`${POD_FOLDER}/namespace`, hands)) ?? '';
    const slices = new Slices(model);
    await followObjects(
      {
        caller: new Caller(model.place, ca),
        path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
        query: { labelSelector: `kubernetes.io/service-name=${model.service}` },
        tokenPath: model.tokenPath,
        read: hands.read,
      },
      {
        put: object => slices.put(object),
        remove: object => slices.remove(object),
        whole: () => hands.take(slices.found),
      },
      signal,
    );
  };

class Slices {
  readonly #model: KubernetesDiscovery;
  readonly #slices = new Map<string, readonly Found[]>();

  constructor(model: KubernetesDiscovery) {
    this.#model = model;
  }

  /** Slices of two families, and of a change under way, name members again: the bound is for what is held. */
  put(item: unknown): void {
    const { name, found } = readSlice(item, this.#model.port);
    this.#slices.set(name, found);
    const most = this.#model.mostMembers;
    const held = [...this.#slices.values()].reduce((sum, { length }) => sum + length, this.#slices.size);
    if (held > 8 * most + 64)
      throw new Refusal(`its slices name ${held} endpoints, and max_members is ${most}`);
  }

  remove(item: unknown): void {
    this.#slices.delete(readSlice(item, this.#model.port).name);
  }

  get found(): readonly Found[] {
    return [...this.#slices.values()].flat();
  }
}
