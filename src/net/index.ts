/** Addresses, sets of CIDRs and of ports. Pure. */
export {
  type Cidr,
  formatAddress,
  formatCidr,
  hostCidr,
  type IpAddress,
  parseAddress,
  parseCidr,
  parseCidrMasked,
  readAddress,
} from "./address.ts";
export { type AddressPort, AddressPortSet, formatAddressPort, parseAddressPort } from "./address-port-set.ts";
export { CidrSet } from "./cidr-set.ts";
export { PortSet } from "./ports.ts";
export { protocolName, protocolNumber } from "./protocol.ts";
