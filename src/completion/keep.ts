import { isObject, type JsonObject } from './json.ts'

/**
 * Keeps a field that we do not know, in `target`. Later values replace earlier ones; `null`, '' and
 * `{}` say nothing and replace nothing; objects are joined field by field (Groq sends `x_groq` twice,
 * with different fields). With `append`, lists grow: in a delta, a list is a piece of one
 * (`annotations`, `reasoning_details`, vLLM's `token_ids`).
 */
export function keep(target: JsonObject, name: string, value: unknown, append: boolean = false): void {
  // An own property in what JSON.parse gives, the prototype if it were assigned.
  if (name === '__proto__' || value === null || value === '' || value === undefined) return
  const kept = target[name]
  if (Array.isArray(value)) {
    if (append && Array.isArray(kept)) for (const item of value) kept.push(item)
    else if (value.length > 0 || kept === undefined) target[name] = append ? [...value] : value
  } else if (isObject(value) && isObject(kept)) {
    const joined: JsonObject = {}
    for (const key in kept) joined[key] = kept[key]
    for (const key in value) if (key !== '__proto__' && value[key] !== null) joined[key] = value[key]
    target[name] = joined
  } else if (isObject(value)) {
    const copy: JsonObject = {}
    for (const key in value) if (key !== '__proto__') copy[key] = value[key]
    target[name] = copy
  } else target[name] = value
}
