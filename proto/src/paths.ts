/** Full method paths, for servers that handle the bytes themselves: without the libraries that read the texts. */

/** Where Envoy asks today. */
export const CHECK_PATH_V3 = "/envoy.service.auth.v3.Authorization/Check";
/** Where older Envoys ask. */
export const CHECK_PATH_V2 = "/envoy.service.auth.v2.Authorization/Check";
/** v2's messages under an older name. */
export const CHECK_PATH_V2ALPHA = "/envoy.service.auth.v2alpha.Authorization/Check";
