/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A container that is still being filled. */
type Open = Json[] | Record<string, Json>

/** A JSON value under construction: the newest value is always at the end of the open path. */
export class JsonTree {
  readonly #path: { readonly container: Open; key: string }[] = []
  #root: Json | undefined = undefined

  /** `undefined` before the first value. The same, growing object every time. */
  get root(): Json | undefined {
    return this.#root
  }

  /** How many containers are open. */
  get depth(): number {
    return this.#path.length
  }

  /** Whether the innermost open container is an array. */
  get inArray(): boolean {
    return Array.isArray(this.#path.at(-1)?.container)
  }

  /** Where the next value of the innermost object goes. */
  set key(key: string) {
    const top = this.#path.at(-1)
    if (top !== undefined) top.key = key
  }

  open(container: Open): void {
    this.add(container)
    this.#path.push({ container, key: '' })
  }

  close(): void {
    this.#path.pop()
  }

  /** Puts a new value in its place. */
  add(value: Json): void {
    const top = this.#path.at(-1)
    if (top === undefined) this.#root = value
    else if (Array.isArray(top.container)) top.container.push(value)
    else assign(top.container, top.key, value)
  }

  /** Puts more of the newest value in its place. */
  replace(value: Json): void {
    const top = this.#path.at(-1)
    if (top === undefined) this.#root = value
    else if (Array.isArray(top.container)) top.container[top.container.length - 1] = value
    else assign(top.container, top.key, value)
  }
}

/** A deep copy. */
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) return value.map(copyJson)
  const fresh: Record<string, Json> = {}
  for (const key of Object.keys(value)) assign(fresh, key, copyJson(value[key] ?? null))
  return fresh
}

/** Not plain assignment: `__proto__` would set the prototype. */
function assign(object: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: object): value is readonly Json[] {
  return Array.isArray(value)
}
