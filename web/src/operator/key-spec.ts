/** A new key as `POST /admin/v1/keys` takes it, from the fields of the form. What is left empty is not said. */
export function specOf(form: FormData, scope: string): object {
  const text = (name: string): string | undefined => {
    const value = form.get(name)
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
  }
  const count = (name: string): number | undefined => {
    const value = text(name)
    return value === undefined ? undefined : Number(value)
  }
  const models = text('models')
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const budget = text('budget')
  const limits = {
    requests_per_minute: count('requests'),
    tokens_per_minute: count('tokens'),
    max_concurrent: count('concurrent'),
    // A comma is how much of the world writes it.
    budget: budget === undefined ? undefined : `${budget.replace(',', '.')}/${text('period') ?? 'total'}`,
  }
  return {
    name: text('name'),
    scope,
    models,
    limits: scope === 'admin' ? undefined : limits,
    expires_in: text('expires'),
  }
}
