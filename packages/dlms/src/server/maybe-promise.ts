/** A value now or later: in-memory meters answer at once, a concentrator that reads its flash does not. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value when it is there, at once if it is. */
export function whenReady<T, U>(value: MaybePromise<T>, proceed: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}
