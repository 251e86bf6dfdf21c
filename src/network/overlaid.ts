// Changing what a part of libp2p is given to work with, without reaching into it.

/** The same object with other values for some of its properties; methods still run on the object itself. */
export function overlaid<T extends object>(target: T, values: Readonly<Partial<Record<keyof T, unknown>>>): T {
  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(values, key)) return values[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
