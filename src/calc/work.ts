/**
 * How much a calculation has done since it was made. Counts only grow; they are what shows that one change touches
 * only what depends on it.
 */
export type CalcWork = {
  /** Times a selector was asked about one item or endpoint. */
  selectorEvaluations: number;
  /** Times an item's or endpoint's place in the sets or policies was reconsidered. */
  itemsTouched: number;
  /** Rules of policies and profiles turned into messages. */
  rulesConverted: number;
  /** Times an endpoint's list of tiers was put together. */
  endpointsListed: number;
};

export function createCalcWork(): CalcWork {
  return { selectorEvaluations: 0, itemsTouched: 0, rulesConverted: 0, endpointsListed: 0 };
}
