/**
 * Divides an actor's peak among its instances: amount and count enter, one share each leaves, adding up exactly to the
 * amount in the order of the list.
 */
import { assert } from '../base/assert.js';

/**
 * Whole units stay whole, remainders to the first. Fractions are cut to a grid of 2⁻³⁰ of the amount, so that sums of
 * doubles are exact; what the grid leaves over goes to the first.
 */
export function sharesOf(amount: number, instances: number, isWhole: boolean): readonly number[] {
  assert(instances >= 1 && amount >= 0, 'shares of an amount among instances');
  const grid = isWhole ? 1 : 2 ** (Math.floor(Math.log2(amount)) - 30);
  const units = isWhole ? amount : Math.floor(amount / grid);
  const each = Math.floor(units / instances);
  const more = units - each * instances;
  const shares = Array.from({ length: instances }, (_, i) => (each + (i < more ? 1 : 0)) * grid);
  const rest = amount - shares.reduce((sum, share) => sum + share, 0);
  shares[0] = (shares[0] ?? 0) + rest;
  return shares;
}
