import { Address4, Address6 } from 'ip-address';

/** Whether an address is in one of the ranges; ranges and values that are no addresses are in none. */
export function prepareCidr(ranges: readonly string[]): (address: string) => boolean {
  const v4 = ranges.filter((range) => Address4.isValid(range)).map((range) => new Address4(range));
  const v6 = ranges.filter((range) => Address6.isValid(range)).map((range) => new Address6(range));
  return (value) => {
    if (v4.length > 0 && Address4.isValid(value)) return inAny(new Address4(value), v4);
    if (v6.length > 0 && !Address4.isValid(value) && Address6.isValid(value))
      return inAny(new Address6(value), v6);
    return false;
  };
}

function inAny<Address extends Address4 | Address6>(address: Address, ranges: readonly Address[]): boolean {
  return ranges.some((range) => address.correctForm() === range.correctForm() || address.isInSubnet(range));
}

/** Ranges of the strategy `remoteAddress`: version 4 alone, or the very text of the address. */
export function prepareRemoteAddress(ranges: readonly string[]): (address: string | undefined) => boolean {
  const texts = new Set(ranges);
  const subnets = ranges.filter((range) => Address4.isValid(range)).map((range) => new Address4(range));
  return (value) => {
    if (value === undefined) return false;
    if (texts.has(value)) return true;
    if (!Address4.isValid(value)) return false;
    const address = new Address4(value);
    return subnets.some((subnet) => address.isInSubnet(subnet));
  };
}
