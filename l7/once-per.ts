/** What is made of a list that many locations inherit is made once: they share the list, and so the result. */

/** @param make must depend on its argument alone; the result is let go with it */
export function oncePer<K extends object, V extends object>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return key => {
    let value = made.get(key);
    if (!value) made.set(key, (value = make(key)));
    return value;
  };
}
