import type { Address, Listener, Network } from "@amity/runtime";
import { wrapperLink } from "../link/wrapper.ts";
import type { CosemDevice } from "./cosem-device.ts";
import { serveDlms, type ServeOptions, type ServerWorld } from "./serve-dlms.ts";

/** Serves a device on a TCP port with the wrapper. @throws LinkError `in-use`. */
export function listenDlms(
  world: ServerWorld & { readonly network: Network },
  address: Address,
  device: CosemDevice,
  options: ServeOptions = {},
): Promise<Listener> {
  return world.network.listen(address, (connection) => void serveDlms(wrapperLink(connection, "server"), device, world, options));
}
