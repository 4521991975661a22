import type { Clock } from '../clock.ts'
import type { BudgetTable } from '../ledger/budget-table.ts'
import { Admission } from './admission.ts'
import type { GatewayContext } from './context.ts'

/** A gateway's admission, and its figures. `contextOf`: asked only once there is one. */
export function createAdmission(budgets: BudgetTable, clock: Clock, contextOf: () => GatewayContext): Admission {
  return new Admission({
    config: () => contextOf().config,
    clock,
    budgets,
    priceOf: ({ provider, model }, asked) => contextOf().prices.find(provider, model ?? asked, new Date(clock.date())),
    onRefusal: (scope, limit) => contextOf().metrics.refused(scope, limit),
    onWaited: (ms) => contextOf().metrics.waited(ms),
  })
}
